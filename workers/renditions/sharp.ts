import sharp from 'sharp'

// Several photos and several encodes run side by side, so each needs one thread only.
sharp.concurrency(1)
// No original is seen twice, so libvips' cache of operations would only hold memory.
sharp.cache(false)
// Only what ingest takes in, but for GIF: no SVG, no PDF, none of the rarer decoders behind them.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadHeif',
    'VipsForeignLoadTiff',
  ],
})

/** libvips, set up for this project. The only import of sharp besides the fixtures and tests. */
export { sharp }
