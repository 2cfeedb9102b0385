/** What forward reports while it works. Fields hold no content and no secrets. */
export interface ForwardLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
