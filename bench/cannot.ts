/** A library does not have what the case asks for: its cell says so. */
export class Cannot extends Error {}
