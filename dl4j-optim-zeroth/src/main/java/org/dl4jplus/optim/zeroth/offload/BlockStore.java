package org.dl4jplus.optim.zeroth.offload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.dl4jplus.optim.zeroth.ZO2.Store;

/** Memory for blocks; in little-endian order and zero at first. */
public abstract class BlockStore implements AutoCloseable {

  /** What one piece of memory holds at most. */
  static final int PIECE = 1 << 30;

  /** For the kinds of memory. */
  private BlockStore() {}

  /** Takes memory. */
  abstract ByteBuffer take(int bytes);

  final ByteBuffer piece(int bytes) {
    return take(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() {
    // Most memory is collected.
  }

  /**
   * Opens a store.
   *
   * @param kind of memory
   * @param path file of a mapped one, null for a temporary one
   * @return the store
   * @throws IllegalArgumentException if the file exists
   * @throws UncheckedIOException if it cannot be made
   */
  public static BlockStore open(Store kind, Path path) {
    return switch (kind) {
      case HEAP ->
          new BlockStore() {
            @Override
            ByteBuffer take(int bytes) {
              return ByteBuffer.allocate(bytes);
            }
          };
      case HOST ->
          new BlockStore() {
            @Override
            ByteBuffer take(int bytes) {
              return ByteBuffer.allocateDirect(bytes);
            }
          };
      case MAPPED_FILE -> new Mapped(path);
    };
  }

  /** A file that grows as memory is taken. */
  private static final class Mapped extends BlockStore {
    private final Path path;
    private final FileChannel channel;
    private long size;

    Mapped(Path chosen) {
      try {
        if (chosen == null) {
          path = Files.createTempFile("zo2", ".parameters");
          channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } else {
          path = chosen;
          channel =
              FileChannel.open(
                  path,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE_NEW);
        }
        path.toFile().deleteOnExit();
      } catch (FileAlreadyExistsException e) {
        throw new IllegalArgumentException(
            "path = "
                + chosen
                + " exists: the file of a store must be a new one. A run that was killed leaves its"
                + " file, of which nothing can be read again: delete it if no run uses it",
            e);
      } catch (IOException e) {
        throw new UncheckedIOException("The store's file cannot be made", e);
      }
    }

    @Override
    ByteBuffer take(int bytes) {
      try {
        ByteBuffer piece = channel.map(MapMode.READ_WRITE, size, bytes);
        size += bytes;
        return piece;
      } catch (IOException e) {
        throw new UncheckedIOException("The store's file cannot grow: " + path, e);
      }
    }

    @Override
    public void close() {
      try {
        channel.close();
        Files.deleteIfExists(path);
      } catch (IOException e) {
        throw new UncheckedIOException("The store's file cannot be deleted: " + path, e);
      }
    }
  }
}
