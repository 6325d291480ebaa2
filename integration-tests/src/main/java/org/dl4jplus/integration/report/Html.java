package org.dl4jplus.integration.report;

/** What HTML asks of text. */
public final class Html {

  private Html() {}

  /**
   * Text as it has to stand in HTML.
   *
   * @param text any text
   * @return the text with its special characters escaped
   */
  public static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
