/** The extension's version, as batches carry it. A test holds it to package.json. */
export const VERSION = '0.1.0'
