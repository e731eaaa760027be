/** The exact lines with which the running catalog is reached from a shell, Python, TypeScript and the command line. */
export function waysIn(url: string): string {
  return `
curl:
  curl '${url}/v1/namespaces/demo/tables/flights'

Python (pip install 'deltacat-client[all]'):
  from deltacat_client import Client
  client = Client("${url}")
  print(client.catalog.read(namespace="demo", table="flights", filter_predicate={"eq": ["origin", "SEA"]}))

TypeScript:
  import { Client } from '@deltacat/client';
  await using client = new Client('${url}');
  const flights = await client.catalog.read({ namespace: 'demo', table: 'flights', filter_predicate: { eq: ['origin', 'SEA'] } });

Command line:
  npx deltacat tables demo --url ${url}
  npx deltacat read demo.flights --url ${url} --filter '{"eq": ["origin", "SEA"]}' --limit 10
`;
}
