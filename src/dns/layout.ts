import type { Rotation } from './draft.ts';
import { headerOctets } from './wire.ts';

/** A record's octets from its type to its length: type, class, time to live, length of data. */
export const recordHeadOctets = 10;
/** A pointer to the owner's name before it. */
const pointerOctets = 2;

/** Where everything lies in a compiled answer, and what is counted when it is sent. */
export interface Layout {
  /** Offset behind the question's name. */
  readonly nameEnd: number;
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
}

/** What a layout follows from. */
export interface Shape {
  readonly questionOctets: number;
  readonly plainOctets: number;
  readonly optOctets: number;
  readonly rcode: number;
  readonly answers: number;
  readonly rotation: Rotation | undefined;
  /** Where the last of the records that take turns ends. */
  readonly rotationEnd: number;
  readonly addressOctets: number;
}

/** Layouts that were needed so far; thousands of answers share one, so that what every question looks at is at hand. */
export class Layouts {
  private readonly known = new Map<string, Layout>();

  of(shape: Shape): Layout {
    const layout = layOut(shape);
    const key = Object.values(layout).join(' ');
    const known = this.known.get(key);
    if (known === undefined) this.known.set(key, layout);
    return known ?? layout;
  }
}

function layOut({ rotation, ...shape }: Shape): Layout {
  const { near = 0, shown = 0, records = [] } = rotation ?? {};
  const { plainOctets, optOctets, rcode, addressOctets } = shape;
  // All but the first record point back to its owner's name, so that they lie at equal distances.
  const stride = pointerOctets + recordHeadOctets + addressOctets;
  return {
    nameEnd: headerOctets + shape.questionOctets - typeAndClassOctets,
    plainOctets,
    optOctets,
    rcode,
    empty: rcode === 0 && shape.answers === 0,
    addresses: records.length,
    near,
    shown,
    addressOctets,
    firstPlace: shape.rotationEnd - (shown - 1) * stride - addressOctets,
    stride,
  };
}

const typeAndClassOctets = 4;
