import { ElasticsearchContainer } from '@testcontainers/elasticsearch'
import { RedisContainer } from '@testcontainers/redis'
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers'
import { engineAnswers, OWNER_LABEL, prepareEngine } from './container-engine.ts'
import { smallHeapSettings } from './elasticsearch-process.ts'
import { freePort } from './free-port.ts'
import { imageFor } from './image.ts'
import type { NewerRedis } from './newer-redis.ts'
import { clusterTopology, sentinelTopology, type Topology, type TopologyServer } from './redis-topology.ts'
import { ServiceMissing, type Service, type ServiceName } from './service.ts'

const LABELS = { [OWNER_LABEL]: String(process.pid) }

const STARTERS: Readonly<Record<ServiceName, () => Promise<Service>>> = {
  redis: () => redisContainer('redis'),
  redis8: () => redisContainer('redis8'),
  valkey8: () => redisContainer('valkey8'),
  redisCluster: async () => topologyContainer(await clusterTopology()),
  redisSentinel: async () => topologyContainer(await sentinelTopology()),
  elasticsearch: async () => {
    const image = await imageFor('elasticsearch')
    const container = await new ElasticsearchContainer(image)
      .withLabels(LABELS)
      .withEnvironment({
        'xpack.security.enabled': 'false',
        ...Object.fromEntries(smallHeapSettings),
        ES_JAVA_OPTS: '-Xms256m -Xmx256m',
      })
      .withWaitStrategy(Wait.forHttp('/_cluster/health', 9200))
      .withStartupTimeout(180_000)
      .start()
    return service(container, `http://127.0.0.1:${container.getMappedPort(9200)}`, image)
  },
  firestore: async () => {
    const image = await imageFor('firestore')
    const container = await new GenericContainer(image)
      .withLabels(LABELS)
      .withExposedPorts(8080)
      .withCommand(['gcloud', 'beta', 'emulators', 'firestore', 'start', '--host-port=0.0.0.0:8080'])
      .withWaitStrategy(Wait.forHttp('/', 8080))
      .start()
    return service(container, `127.0.0.1:${container.getFirstMappedPort()}`, image)
  },
  gcs: async () => {
    const image = await imageFor('gcs')
    // The server puts its own address into what it answers, so the port outside must be known before it starts.
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const container = await new GenericContainer(image)
      .withLabels(LABELS)
      .withExposedPorts({ container: 4443, host: port })
      .withCommand(['-backend', 'memory', '-scheme', 'http', '-port', '4443', '-external-url', url])
      .withWaitStrategy(Wait.forHttp('/_internal/healthcheck', 4443))
      .start()
    return service(container, url, image)
  },
}

async function redisContainer(name: 'redis' | NewerRedis): Promise<Service> {
  const image = await imageFor(name)
  const container = await new RedisContainer(image).withLabels(LABELS).start()
  return service(container, `redis://127.0.0.1:${container.getPort()}`, image)
}

/** Starts the service in a container of its own. */
export async function startContainer(name: ServiceName): Promise<Service> {
  if (!(await engineAnswers())) throw new ServiceMissing('no container engine answers')
  await prepareEngine()
  return STARTERS[name]()
}

/** One container for all servers, each on the same port inside and outside, so that the addresses they tell clients hold. */
async function topologyContainer(topology: Topology): Promise<Service> {
  const image = await imageFor('redis')
  const container = await new GenericContainer(image)
    .withLabels(LABELS)
    .withExposedPorts(...topology.servers.map(({ port }) => ({ container: port, host: port })))
    .withEntrypoint(['sh', '-c', [...topology.servers.map(shellLine), 'wait'].join('\n')])
    .withWaitStrategy(Wait.forListeningPorts())
    .start()
  try {
    await topology.join()
  } catch (error) {
    await container.stop()
    throw error
  }
  return service(container, topology.url, `${image}, ${topology.title}`)
}

function shellLine({ port, lines, isSentinel }: TopologyServer): string {
  const folder = `/tmp/${port}`
  const text = [...lines, 'bind 0.0.0.0', 'protected-mode no', `dir ${folder}`].map((line) => `'${line}'`).join(' ')
  const start = `redis-server redis.conf ${isSentinel ? '--sentinel' : ''}`
  return `mkdir -p ${folder} && cd ${folder} && printf '%s\\n' ${text} > redis.conf && { ${start} & }`
}

function service(container: StartedTestContainer, url: string, detail: string): Service {
  const stop = async (): Promise<void> => {
    await container.stop()
  }
  return { url, via: 'container', detail, [Symbol.asyncDispose]: stop }
}
