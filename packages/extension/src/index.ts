export { bundleExtension, type LayerFile, MAX_BUNDLE_BYTES, ORDINARY, prepareLayer } from '../build/bundle.ts'
