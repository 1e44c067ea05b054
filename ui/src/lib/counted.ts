// What a camera's counts are of, in words: road users are vehicles only when every type counted is one.

export interface CountedThing {
  /** In a sentence: `vehicle`; the plural takes an s. */
  one: string;
  /** As a heading, plural. */
  title: string;
  /** The unit of a flow. */
  perHour: string;
}

const kMotorVehicles = ['car', 'truck', 'bus', 'motorcycle', 'vehicle'];
/** What the motion detector reports; no model does. */
const kByMotion = 'moving';

const kMoving: CountedThing = { one: 'moving object', title: 'Moving objects', perHour: '/h' };
const kVehicle: CountedThing = { one: 'vehicle', title: 'Vehicles', perHour: 'veh/h' };
const kRoadUser: CountedThing = { one: 'road user', title: 'Road users', perHour: '/h' };

/** `types` are those the camera counts; by motion they are not told apart. */
export function countedThing(types: string[], byMotion: boolean): CountedThing {
  if (byMotion) return kMoving;
  return types.every((type) => type === kByMotion || kMotorVehicles.includes(type)) ? kVehicle : kRoadUser;
}
