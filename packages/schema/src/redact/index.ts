export { createRedactor, type RedactOptions, type Redactor, type SecretFound } from './redactor.ts'
