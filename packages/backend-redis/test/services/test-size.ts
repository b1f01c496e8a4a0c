/** `TEST_FULL=1` takes as much of everything as the failures did that the tests are about: minutes, and gigabytes. */
export const isFull: boolean = process.env['TEST_FULL'] === '1'
