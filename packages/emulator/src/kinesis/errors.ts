/** An error as Kinesis answers it: HTTP 400 (500 for its own faults) with `__type` and `message`. */
export class KinesisError extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.name = type
    this.type = type
    this.status = status
  }
}

export const invalidArgument = (message: string): KinesisError => new KinesisError('InvalidArgumentException', message)
export const validation = (message: string): KinesisError => new KinesisError('ValidationException', message)
