import type { RuleTable } from './rule';

/** Gateways: MS2100 to MS2199. */
export const GATEWAY_RULES = {
  gatewayModels: {
    code: 'MS2101',
    title: 'Gateway with models',
    statement: 'A gateway has at least one model behind it.',
    why: 'Without one it answers every request with 404.',
    severity: 'warning',
    subject: 'program',
  },
  gatewayNamespace: {
    code: 'MS2102',
    title: 'Models beside their gateway',
    statement: 'A model is in the namespace of its gateway.',
    why: 'The gateway makes a Service that finds the pods of the model, and a Service finds pods of its own namespace alone.',
    severity: 'error',
    subject: 'program',
  },
  gatewayHost: {
    code: 'MS2103',
    title: 'Hosts of models',
    statement:
      "A host is a domain name in lower case without port, such as models.example.com, or with '*.' in place of its first part.",
    why: 'Requests are compared with it character by character; another form matches none, or the proxy does not start.',
    severity: 'error',
    subject: 'program',
  },
  defaultVersion: {
    code: 'MS2104',
    title: 'One default version',
    statement:
      'Of several versions of a model behind one gateway, a rollout decides where requests go that name no version, or defaultVersion is set for exactly one.',
    why: 'Requests that name no version would go to whichever version was declared first.',
    severity: 'error',
    subject: 'program',
  },
  splitVersions: {
    code: 'MS2105',
    title: 'Versions of a split',
    statement: 'Requests are split between two different versions of the same model, and each model is split once.',
    why: 'Clients name the model, not the version: versions of two models would answer requests that are not for them, and two splits would undo each other.',
    severity: 'error',
    subject: 'program',
  },
  splitHeader: {
    code: 'MS2106',
    title: 'Headers of a split',
    statement:
      "A header that requests are split by has a name of letters, digits and '-' that the gateway does not use itself, and a header that leads to the candidate has a value.",
    why: 'The gateway removes its own headers from requests of clients, or gives them another meaning.',
    severity: 'error',
    subject: 'program',
  },
  rateLimit: {
    code: 'MS2107',
    title: 'Rate limits',
    statement:
      'A rate limit is 1 to 1000000 requests in whole milliseconds, from 50 milliseconds to a day, and there is at most one of each kind.',
    why: 'The proxy refuses the configuration, or of two limits of a kind one would be ignored.',
    severity: 'error',
    subject: 'program',
  },
  modelAccess: {
    code: 'MS2108',
    title: 'Access to models',
    statement:
      'Access names a model of the gateway, and at least one client, claim or scope that the authentication of the gateway knows.',
    why: 'A misspelt model would be open to everybody, and a client that nobody can be would close it.',
    severity: 'error',
    subject: 'program',
  },
  upstreamTls: {
    code: 'MS2109',
    title: 'Certificates of models',
    statement:
      'For models with TLS a gateway has upstreamCa, and for those that ask for certificates of clients upstreamCertificate too.',
    why: 'Without the authority the gateway could not tell the model from anybody else; without a certificate the model refuses it.',
    severity: 'error',
    subject: 'program',
  },
  gatewayService: {
    code: 'MS2110',
    title: 'Service of a gateway',
    statement: 'The Service of a gateway is a ClusterIP, a NodePort or a LoadBalancer.',
    why: 'An ExternalName has no pods.',
    severity: 'error',
    subject: 'program',
  },
  gatewayLimits: {
    code: 'MS2111',
    title: 'Limits of a gateway',
    statement: 'A gateway has 1 to 1000000 requests in flight for a model, and 0 to 10 trusted proxies in front of it.',
    why: 'With none in flight nothing is answered; with more trusted proxies than there are, clients choose their address.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
