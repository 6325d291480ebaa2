package org.dl4jplus.privacy.validation;

/**
 * What the user has declared or allowed, of what the checks ask about.
 *
 * @param freezeUnsupported layers that cannot be trained privately may be frozen
 * @param lossesPerExample losses of the user's own look at each record by itself
 * @param statisticsArePublic normalization statistics of the data are public
 * @param targetDelta of the guarantee, or null
 */
public record Permissions(
    boolean freezeUnsupported,
    boolean lossesPerExample,
    boolean statisticsArePublic,
    Double targetDelta) {}
