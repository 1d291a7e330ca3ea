/** Ports that only a privileged user may open are taken 8000 higher, the same for every user: 80 becomes 8080. */
export function unprivileged(port: number): number {
  return port < 1024 ? port + 8000 : port;
}

/** Scheme of a port by what it says of itself: its protocol, else the beginning of its name. */
export function schemeOf(name: string, appProtocol: string | undefined): string | undefined {
  const protocol = appProtocol ?? name.split('-')[0] ?? '';
  if (/h2c|grpc|tcp|tls$/i.test(protocol)) {
    return undefined;
  }
  return /https|wss/i.test(protocol) ? 'https' : 'http';
}
