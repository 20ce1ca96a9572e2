import type { Act } from './act.ts'
import type { CertificateKind } from './certificate-kind.ts'

/** A base64 certificate in an act's body, with the answer to its challenge where the act must carry one. */
export interface OfferedCertificate {
  readonly certificate: string
  readonly kind: CertificateKind
  readonly challenge?: string
}

/** Every certificate that an act's body offers for enrolment, in order. */
export function certificatesIn(act: Act): readonly OfferedCertificate[] {
  switch (act.type) {
    case 'charter.adopt':
      return [
        { certificate: act.body.service_certificate, kind: 'service' },
        ...act.body.founders.flatMap((founder) =>
          founder.officers.map(({ certificate }) => ({ certificate, kind: 'officer' }) as const),
        ),
      ]
    case 'charter.amend':
      return [{ certificate: act.body.service_certificate, kind: 'service' }]
    case 'party.admit':
      return act.body.officers.map((officer) => ({ ...officer, kind: 'officer' }))
    case 'certificate.replace':
    case 'officer.add':
      return [{ ...act.body, kind: 'officer' }]
    case 'mailbox.enrol':
      return [{ ...act.body, kind: act.body.identifiable ? 'identifiable' : 'mailbox' }]
    case 'mailbox.rotate':
      return [{ ...act.body, kind: 'mailbox' }]
    case 'act.lapse':
    case 'act.withdraw':
    case 'campaign.accept':
    case 'campaign.open':
    case 'campaign.share':
    case 'check.publish':
    case 'fake.publish':
    case 'mailbox.close':
    case 'mailbox.filers':
    case 'mailbox.invite':
    case 'notice.acknowledge':
    case 'notice.file':
    case 'notice.release':
    case 'notice.support':
    case 'officer.change':
    case 'officer.retire':
    case 'party.policy':
    case 'party.suspend':
    case 'session.open':
    case 'template.adopt':
    case 'template.approve':
      return []
  }
}
