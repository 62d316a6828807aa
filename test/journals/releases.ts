/** Releases that CHANGELOG.md names with their day: those that are out. */
export function releasesIn(changelog: string): readonly string[] {
  return [...changelog.matchAll(/^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$/gm)].map(([, release = '']) => release);
}

/** Whether people may have journals of this release. */
function isOut(release: string, changelog: string): boolean {
  return releasesIn(changelog).includes(release);
}

/** Refuses to write over journals that people may have: those that a release wrote stay as it wrote them. */
export function checkOverwrite(
  release: string,
  changelog: string,
  { kept, force }: { kept: boolean; force: boolean },
): void {
  if (kept && !force && isOut(release, changelog))
    throw new Error(
      `Release ${release} is out, and its journals are kept as it wrote them. Raise the release, or say --force.`,
    );
}
