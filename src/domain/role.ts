// Roles that Signet itself knows.

/** The role of those who may administer their tenant; in the `default` tenant, all of it. */
export const adminRole = 'admin';
