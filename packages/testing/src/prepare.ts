import { CELERY_VERSIONS, setupCelery } from './celery-environment.ts'
import { engineAnswers, prepareEngine } from './container-engine.ts'
import { IMAGE_NAMES, imageFor } from './image.ts'

// Fetches and builds everything that the service tests need, so that they find it ready. What goes wrong here is left
// for the tests to show: they try again and say why.
const celery = Promise.allSettled(CELERY_VERSIONS.map(setupCelery))
const images = (await engineAnswers())
  ? prepareEngine().then(() => Promise.allSettled(IMAGE_NAMES.map(imageFor)))
  : undefined
await Promise.allSettled([celery, images])
