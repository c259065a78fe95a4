package bundle

const readme = `The record of one case of lastday: how a person's access was taken away.

  log/checkpoint         the signed state of the log that the records are in
  log/earlier.jsonl      earlier ones, that bound the times of the records, and in
  log/growth.jsonl       the proof for each of them that the log only grew
  log/records.jsonl      every record of the case, with its salt and its proof
  log/erasures.jsonl     the records that say what was erased of it, and why
  log/seal.jsonl         the record that holds the digests of all other files
  histories/             the complete Temporal histories, run after run
  report.html            the same for people; print it from a browser
  other files            what the report is made of

Check it, without any network and with the public key of the log, which you
should have from somewhere else than from whoever gave you this file:

  lastday verify --key log.pub this-file.zip

That shows that no byte of this file was changed, that no record was left out,
moved or dated back, and that the workflow, replayed, decides the same. Replay
shows decisions. That access was really gone is shown by the readings in the
records: each says what was seen, when, and why it would have been seen if it
had been there. Compare the checkpoint with one that was sent out of the
operator's reach before: only that shows that the whole log was not made anew.

This file names people. Keep it as you keep personnel files.
`
