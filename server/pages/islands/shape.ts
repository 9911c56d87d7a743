// The interviewer's line: two strands of ink whose shape tells the state without colour. Pure geometry in a box of
// WIDTH by HEIGHT.

export type Mood = "still" | "speaking" | "listening" | "thinking" | "paused";
export type Strand = readonly (readonly [x: number, y: number])[];
export type Line = readonly [Strand, Strand];

export const WIDTH = 640;
export const HEIGHT = 100;

const POINTS = 160;
const EDGE = 4;
const MIDDLE = HEIGHT / 2;
const TURN = 2 * Math.PI;

/** The line of a mood at a time, in seconds, and a level, 0–1. */
export function line(mood: Mood, seconds: number, level: number): Line {
  switch (mood) {
    case "speaking":
      return [wave(seconds, level, 0, 1), wave(seconds, level, 0.09, 0.55)];
    case "listening":
      return [bow(seconds, level, -1), bow(seconds, level, 1)];
    case "thinking":
      return [loops(seconds, 0), loops(seconds, 0.02)];
    case "paused":
      return [bar(-1), bar(1)];
    case "still":
      return [flat(), flat()];
  }
}

/** The line on its way from one to another, `share` 0–1. */
export function between(from: Line, to: Line, share: number): Line {
  const eased = share * share * (3 - 2 * share);
  return [mixed(from[0], to[0], eased), mixed(from[1], to[1], eased)];
}

/** A strand as the `d` of an SVG path. */
export function drawn(strand: Strand): string {
  return strand.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function strand(at: (share: number) => [number, number]): Strand {
  return Array.from({ length: POINTS }, (_, place) => at(place / (POINTS - 1)));
}

function along(share: number): number {
  return EDGE + (WIDTH - 2 * EDGE) * share;
}

/** Words going out: a wave that travels. */
function wave(seconds: number, level: number, behind: number, size: number): Strand {
  const reach = (5 + 34 * level) * size;
  return strand((share) => {
    const swell = Math.sin(Math.PI * share) ** 1.6;
    const slow = Math.sin(TURN * (3.6 * share - 0.8 * seconds + behind));
    const quick = Math.sin(TURN * (7.4 * share - 1.3 * seconds - behind));
    return [along(share), MIDDLE + reach * swell * (0.72 * slow + 0.28 * quick)];
  });
}

/** Words coming in: the two strands open towards who speaks. */
function bow(seconds: number, level: number, side: -1 | 1): Strand {
  const open = 12 + 28 * level;
  return strand((share) => {
    const swell = Math.sin(Math.PI * share) ** 2;
    const ripple = 4 * level * Math.sin(TURN * (6 * share - seconds * side));
    return [along(share), MIDDLE + side * swell * (open + ripple)];
  });
}

/** Making up one's mind: loops, as a pen draws them that waits. */
function loops(seconds: number, behind: number): Strand {
  return strand((share) => {
    const angle = TURN * (11 * share - 0.6 * seconds + behind);
    const radius = 14 * Math.sin(Math.PI * share) ** 0.7;
    return [EDGE + 20 + (WIDTH - 2 * EDGE - 40) * share + radius * Math.sin(angle), MIDDLE - radius * Math.cos(angle)];
  });
}

/** Standing still: the line is parted, and each part ends in an upright. */
function bar(side: -1 | 1): Strand {
  const gap = WIDTH / 2 + side * 13;
  const end = side < 0 ? EDGE : WIDTH - EDGE;
  const tall = 18;
  return strand((share) => {
    const inward = side < 0 ? share : 1 - share;
    if (inward < 0.6) return [end + ((gap - end) * inward) / 0.6, MIDDLE];
    if (inward < 0.7) return [gap, MIDDLE - (tall * (inward - 0.6)) / 0.1];
    return [gap, MIDDLE - tall + (2 * tall * (inward - 0.7)) / 0.3];
  });
}

function flat(): Strand {
  return strand((share) => [along(share), MIDDLE]);
}

function mixed(from: Strand, to: Strand, share: number): Strand {
  return from.map(([x, y], place) => {
    const [toX, toY] = to[place] ?? [x, y];
    return [x + (toX - x) * share, y + (toY - y) * share];
  });
}
