/** Why an environment has to be thrown away. `payload` is what the invoker then gets. */
export class Failure extends Error {
  /** `Runtime.ExitError`, `Extension.Crash`, `Sandbox.Timedout`, or what the failing side reported. */
  readonly errorType: string
  readonly status: 'failure' | 'error' | 'timeout'
  /** The error document that a runtime or extension posted, where there is one. */
  readonly payload: Buffer | undefined

  constructor(errorType: string, message: string, status: 'failure' | 'error' | 'timeout' = 'failure', payload?: Buffer) {
    super(message)
    this.errorType = errorType
    this.status = status
    this.payload = payload
  }

  /** The body that Invoke returns for this failure. */
  body(requestId: string): Buffer {
    return (
      this.payload ??
      Buffer.from(JSON.stringify({ errorType: this.errorType, errorMessage: `RequestId: ${requestId} Error: ${this.message}` }))
    )
  }
}
