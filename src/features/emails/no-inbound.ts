/**
 * Resend's library can read mail that comes in, which we never do. In the bundle this file stands for the parser that it
 * brings along for that (`wrangler.toml`), a twelfth of the Worker.
 */
export default class NoInboundMail {
  constructor() {
    throw new Error('Mail is not read here.');
  }
}
