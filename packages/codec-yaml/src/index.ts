export { yamlCodec } from './yaml-codec.ts'
