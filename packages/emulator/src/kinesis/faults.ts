/** How one entry of a PutRecords call fails. The two codes are the ones that AWS documents for PutRecordsResultEntry. */
export interface RecordFault {
  errorCode: 'ProvisionedThroughputExceededException' | 'InternalFailure'
  errorMessage?: string
}

/** How a whole call fails. `after` answers are given once the call has taken effect: the ambiguous outcome a producer must survive. */
export type CallFault =
  | { kind: 'error'; type: string; message?: string; status?: number; after?: boolean }
  | { kind: 'reset'; after?: boolean }
  | { kind: 'hang'; after?: boolean }
  | { kind: 'delay'; ms: number }

/** An entry as a fault sees it, before it is stored. */
export interface PutEntry {
  partitionKey: string
  data: Uint8Array
  shardId: string
}

/**
 * Faults to inject; the object may be changed while the server runs. Each function is asked once per call and answers undefined for
 * "nothing goes wrong".
 */
export interface KinesisFaults {
  /** One answer per entry, in the order of the entries. */
  putRecords?: ((entries: readonly PutEntry[]) => readonly (RecordFault | undefined)[] | undefined) | undefined
  /** Asked for every call, by operation name (`PutRecords`, `GetRecords` …). */
  call?: ((operation: string) => CallFault | undefined) | undefined
}
