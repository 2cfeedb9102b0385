#!/usr/bin/env node
process.stderr.write('weir: not built yet\n')
