export { numberOf } from './number.ts'
