/**
 * Ends of the names of fields that hold a secret, lower case and without what joins their words. What says that it is a name, digest
 * or reference of one (`secretName`, `jwtDigest`, `tokenSecretRef`) ends otherwise.
 */
const endings =
  /(?:token|password|passwd|passphrase|secret|kubeconfig|credential|bearer|(?:secret|private|access|api|tls|ssh|signing|encryption)key)s?$|(?:authorization|clientkeydata|clientcertificatedata|jwt)$/;

/** Whether a field of this name holds a secret, wherever it stands. */
export function isSecretName(name: string): boolean {
  return endings.test(
    name
      .slice(-64)
      .replaceAll(/[^a-z0-9]/gi, '')
      .toLowerCase(),
  );
}

/** Whether such a field holds several, so that a number in it is how many. */
export function isPlural(name: string): boolean {
  return /s$/i.test(name);
}
