// What the admin API can do, as data: each operation with its address, its scope, what it takes and what it answers. Routes, the
// OpenAPI document and the tests of who may do what are all made from it.
import type { TObject, TSchema } from 'typebox';
import type { Deps } from '../../deps.ts';
import type { AdminScope } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';

/** A request that was let in, in its parts. */
export type Call = {
  readonly context: RequestContext;
  /** Of the address, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** As it came: the flow that takes it says what is wrong with it. */
  readonly body: unknown;
  /** RFC 9110 13.1.1. */
  readonly ifMatch: string | undefined;
};

export type Answer = {
  readonly status: 200 | 201 | 204;
  /** undefined: nothing. */
  readonly body?: object | undefined;
  /** What the body shows is one thing that can be changed: it gets an ETag of this. */
  readonly tagged?: object | undefined;
  /** RFC 9110 10.2.2, below the admin API, for what was made. */
  readonly location?: string | undefined;
  /** Instead of a body: a file of this media type, under this name, made as fast as it is taken. */
  readonly stream?: FileStream | undefined;
};

export type FileStream = { readonly type: string; readonly name: string; readonly chunks: AsyncIterable<string> };

export type Operation = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/admin/api`; a part in braces is a parameter, which is never called `slug`: by that the tenant is found. */
  readonly path: string;
  readonly scope: AdminScope;
  /** What it does, in a few words. */
  readonly summary: string;
  /** More of it, where that is needed. */
  readonly description?: string;
  /** Changes and deletions are made to what was read, unless there is nothing to read first. */
  readonly precondition?: 'none';
  /** Wants a sign-in of the last ten minutes, where a person asks. */
  readonly isDangerous?: boolean;
  /** Parameters of the query; all are texts. */
  readonly query?: TObject;
  /** What the body must be; `patch`: RFC 7396 of it. */
  readonly body?: { readonly schema: TSchema; readonly as?: 'patch' };
  /** The status of success, and what is answered with it: JSON, or a file of one of these media types. */
  readonly answers: {
    readonly status: 200 | 201 | 204;
    readonly schema?: TSchema;
    readonly content?: readonly string[];
  };
  /** Refusals beyond those of every operation of its kind. */
  readonly refusals?: readonly (404 | 409 | 412 | 422 | 428)[];
  run(deps: Deps, call: Call): Promise<Answer>;
};
