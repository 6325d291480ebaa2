package org.dl4jplus.optim.zeroth.onebyte;

import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * What a run has sent, counted from its records.
 *
 * @param rounds replayed
 * @param answers of machines, over all rounds
 * @param codes bytes that stand for estimates: what machines send
 * @param headers bytes around them in the machines' messages
 * @param recorded bytes of the records: what each machine receives
 * @param reported bytes of mean losses, sent for the driver's score
 * @param saturated codes at the end of the scale
 * @param flushed codes that are 0: too small for the scale, or 0
 * @param failed codes without a result: a loss was not finite
 * @param repaired copies of the parameters that were not the driver's, and were made again
 */
public record OneByteReport(
    @JsonProperty("rounds") long rounds,
    @JsonProperty("answers") long answers,
    @JsonProperty("codes") long codes,
    @JsonProperty("headers") long headers,
    @JsonProperty("recorded") long recorded,
    @JsonProperty("reported") long reported,
    @JsonProperty("saturated") long saturated,
    @JsonProperty("flushed") long flushed,
    @JsonProperty("failed") long failed,
    @JsonProperty("repaired") long repaired) {

  static final OneByteReport NOTHING = new OneByteReport(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /**
   * Bytes that a machine sends in a round for its estimates, on average.
   *
   * @return codes by answers; NaN before the first
   */
  public double bytesPerMachineAndRound() {
    return (double) codes / answers;
  }

  OneByteReport and(RoundRecord record, boolean scored) {
    long samples = 0;
    long ends = 0;
    long zeros = 0;
    long none = 0;
    for (Upload upload : record.uploads()) {
      samples += upload.count();
      for (int s = 0; s < upload.count(); s++) {
        byte code = upload.code(s);
        ends += ByteCode.saturated(code) ? 1 : 0;
        zeros += code == 0 ? 1 : 0;
        none += code == ByteCode.NO_RESULT ? 1 : 0;
      }
    }
    int machines = record.uploads().size();
    return new OneByteReport(
        rounds + 1,
        answers + machines,
        codes + samples,
        headers + (long) machines * Upload.OVERHEAD,
        recorded + record.length(),
        reported + (scored ? (long) machines * Double.BYTES : 0),
        saturated + ends,
        flushed + zeros,
        failed + none,
        repaired);
  }

  OneByteReport andRepaired(long repairs) {
    return new OneByteReport(
        rounds,
        answers,
        codes,
        headers,
        recorded,
        reported,
        saturated,
        flushed,
        failed,
        repaired + repairs);
  }
}
