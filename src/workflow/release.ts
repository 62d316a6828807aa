/** Release of this package, as journals name it; a test holds it to package.json. */
export const release = '0.1.0';
