import { describeExit, type Exit } from './child.ts'

export type FailureStatus = 'failure' | 'error' | 'timeout'

/**
 * AWS's own code tells a fault of the platform (`Sandbox.*`: failure) from one of what the customer deployed (error). See handleReset in its
 * runtime-interface-emulator, internal/lambda/rapid/handlers.go.
 */
const statusOf = (errorType: string): FailureStatus => (errorType.startsWith('Sandbox.') ? 'failure' : 'error')

/** Why an environment has to be thrown away. `payload` is what the invoker then gets. */
export class Failure extends Error {
  /** `Runtime.ExitError`, `Extension.Crash`, `Sandbox.Timedout`, or what the failing side reported. */
  readonly errorType: string
  readonly status: FailureStatus
  /** The error document that a runtime posted, where there is one. */
  readonly payload: Buffer | undefined

  constructor(errorType: string, message: string, status: FailureStatus = statusOf(errorType), payload?: Buffer) {
    super(message)
    this.errorType = errorType
    this.status = status
    this.payload = payload
  }

  /** What platform events say of it besides its status: a timeout has no error type. */
  get told(): { errorType?: string } {
    return this.status === 'timeout' ? {} : { errorType: this.errorType }
  }

  /** The body that Invoke returns for this failure. */
  body(requestId: string): Buffer {
    return (
      this.payload ??
      Buffer.from(JSON.stringify({ errorType: this.errorType, errorMessage: `RequestId: ${requestId} Error: ${this.message}` }))
    )
  }
}

export const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure('Sandbox.Failure', error instanceof Error ? error.message : String(error))

/** What the end of an extension's process means, outside of SHUTDOWN. */
export const extensionExit = (exit: Exit): Failure =>
  new Failure(exit.error ? 'Extension.LaunchError' : 'Extension.Crash', describeExit(exit))

/** What the end of the runtime's process means, outside of SHUTDOWN. */
export function runtimeExit(exit: Exit, outOfMemory: boolean): Failure {
  if (exit.error) return new Failure('Runtime.InvalidEntrypoint', describeExit(exit))
  if (exit.code === 0) return new Failure('Runtime.ExitError', 'Runtime exited without providing a reason')
  const errorType = outOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError'
  return new Failure(errorType, `Runtime exited with error: ${describeExit(exit)}`)
}
