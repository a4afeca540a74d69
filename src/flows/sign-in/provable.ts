// Whether codes can be sent as a second factor: what the tenant says, where there is something to send them by.
import type { Deps } from '../../deps.ts';
import {
  type FirstFactorMethod,
  provable,
  type SecondFactorMethod,
  type SentFactorRules,
} from '../../domain/factors.ts';
import type { Tenant } from '../../domain/tenant.ts';

export function sentRules({ channels }: Pick<Deps, 'channels'>, { settings }: Tenant): SentFactorRules {
  return {
    sms: channels.includes('sms') ? settings.sms_factor : 'off',
    email: channels.includes('mail') ? settings.email_factor : 'off',
  };
}

/** What somebody can prove now, the strongest first, after `first`. */
export function provableNow(
  deps: Pick<Deps, 'channels'>,
  tenant: Tenant,
  { secondFactors }: { readonly secondFactors: readonly SecondFactorMethod[] },
  first: FirstFactorMethod | undefined,
): readonly SecondFactorMethod[] {
  return provable(secondFactors, sentRules(deps, tenant), first);
}
