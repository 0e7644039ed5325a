import type { Rotation } from './draft.ts';

/** A record's octets from its type to its length: type, class, time to live, length of data. */
export const recordHeadOctets = 10;
/** A pointer to the owner's name before it. */
const pointerOctets = 2;

/** Where everything lies in a compiled answer, and what is counted when it is sent. */
export interface Layout {
  /** The reply without OPT, and its OPT record behind it. */
  readonly plainOctets: number;
  readonly optOctets: number;
  readonly rcode: number;
  /** There is such a name, but nothing of this type. */
  readonly empty: boolean;
  /** Addresses that take turns: how many, how many of them are near, and how many a reply shows. */
  readonly addresses: number;
  readonly near: number;
  readonly shown: number;
  readonly addressOctets: number;
  /** Offset, in the reply, of the first of them, and the distance to the next. */
  readonly firstPlace: number;
  readonly stride: number;
  /** The same for all of them where the answer is kept: in its own records, or, if it shows only some, behind its OPT record. */
  readonly tableAt: number;
  readonly tableStride: number;
  /** There is more to know of such an answer than its octets tell. */
  readonly special: boolean;
}

/** What a layout follows from. */
export interface Shape {
  readonly plainOctets: number;
  readonly optOctets: number;
  readonly rcode: number;
  readonly answers: number;
  readonly rotation: Rotation | undefined;
  /** Where the last of the records that take turns ends. */
  readonly rotationEnd: number;
  readonly addressOctets: number;
  readonly special: boolean;
}

/** Layouts that were needed so far, by number; thousands of answers share one, so that it is always at hand. */
export class Layouts {
  private readonly layouts: Layout[] = [];
  private readonly known = new Map<string, number>();

  at(number: number): Layout {
    return this.layouts[number] ?? noLayout;
  }

  /** The number of the layout. */
  of(shape: Shape): number {
    const key = keyOf(shape);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.layouts.length);
    return this.layouts.push(layOut(shape)) - 1;
  }
}

function keyOf(shape: Shape): string {
  const { plainOctets, optOctets, rcode, answers, rotationEnd, addressOctets, special, rotation } = shape;
  const turning = rotation ? `${rotation.near} ${rotation.shown} ${rotation.records.length}` : '';
  return `${plainOctets} ${optOctets} ${rcode} ${answers} ${rotationEnd} ${addressOctets} ${special} ${turning}`;
}

function layOut({ rotation, rotationEnd, answers, ...shape }: Shape): Layout {
  const { near = 0, shown = 0, records = [] } = rotation ?? {};
  const { plainOctets, optOctets, rcode, addressOctets } = shape;
  // All but the first record point back to its owner's name, so that they lie at equal distances.
  const stride = pointerOctets + recordHeadOctets + addressOctets;
  const firstPlace = rotationEnd - (shown - 1) * stride - addressOctets;
  const showsAll = shown === records.length;
  return {
    ...shape,
    empty: rcode === 0 && answers === 0,
    addresses: records.length,
    near,
    shown,
    firstPlace,
    stride,
    tableAt: showsAll ? firstPlace : plainOctets + optOctets,
    tableStride: showsAll ? stride : addressOctets,
  };
}

/** Of no answer. */
export const noLayout = layOut({
  plainOctets: 0,
  optOctets: 0,
  rcode: 0,
  answers: 0,
  rotation: undefined,
  rotationEnd: 0,
  addressOctets: 0,
  special: false,
});
