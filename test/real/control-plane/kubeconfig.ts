/** How the administrator of a kubeconfig proves itself: by a bearer token, or by a client certificate (PEM). */
export type Credential = { readonly token: string } | { readonly certificate: string; readonly key: string };

/** Writes a kubeconfig with one cluster, one user and one context, everything inside the text and no file beside it. */
export function writeKubeconfig(
  cluster: { readonly name: string; readonly server: string; readonly ca: string },
  user: string,
  credential: Credential,
): string {
  const { name, server, ca } = cluster;
  const proof =
    'token' in credential
      ? [`    token: ${credential.token}`]
      : [
          `    client-certificate-data: ${base64(credential.certificate)}`,
          `    client-key-data: ${base64(credential.key)}`,
        ];
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${JSON.stringify(name)}`,
    '  cluster:',
    `    server: ${server}`,
    `    certificate-authority-data: ${base64(ca)}`,
    'users:',
    `- name: ${JSON.stringify(user)}`,
    '  user:',
    ...proof,
    'contexts:',
    `- name: ${JSON.stringify(name)}`,
    '  context:',
    `    cluster: ${JSON.stringify(name)}`,
    `    user: ${JSON.stringify(user)}`,
    `current-context: ${JSON.stringify(name)}`,
    '',
  ].join('\n');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
