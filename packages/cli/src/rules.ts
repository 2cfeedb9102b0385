// Rule files are loaded where deploy can load them too.
export { type LoadedRules, loadRules, refusalLine } from '@weir/ingest'
