export { bundleExtension, type LayerFile, MAX_BUNDLE_BYTES, prepareLayer } from '../build/bundle.ts'
