package org.dl4jplus.integration.contract;

import java.io.OutputStream;
import java.io.PrintStream;

/** Keeps what the platform prints off the console. */
final class Console {

  private Console() {}

  static void quietly(Runnable action) {
    PrintStream out = System.out;
    System.setOut(new PrintStream(OutputStream.nullOutputStream()));
    try {
      action.run();
    } finally {
      System.setOut(out);
    }
  }
}
