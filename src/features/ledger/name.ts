/** Whose ledger it is. */
export interface LedgerKey {
  organizationId: string;
  participantId: string;
}

/** The name of a participant's object: the organisation is part of it, so another's id leads to an empty ledger. */
export function ledgerName(key: LedgerKey): string {
  return `${key.organizationId}/${key.participantId}`;
}

/** The key that `ledgerName` made the name from. */
export function ledgerKey(name: string): LedgerKey {
  const [organizationId = '', participantId = ''] = name.split('/');
  return { organizationId, participantId };
}
