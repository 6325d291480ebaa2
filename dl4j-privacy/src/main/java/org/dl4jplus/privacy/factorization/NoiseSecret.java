package org.dl4jplus.privacy.factorization;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.dl4jplus.privacy.noise.NoiseKey;

/**
 * The file that holds the key of a run's noise and the step that comes next, apart from all models:
 * whoever has it and the released parameters subtracts the noise.
 *
 * <p>A step is written as released before it is, so no step's noise is used twice, whatever breaks
 * in between and whoever else goes on with the same file. A run that goes back behind a released
 * step needs a new key; the file counts them, since each has been paid for.
 */
public final class NoiseSecret {

  private static final long MAGIC = 0x444C34_4E4F4953L;
  private static final int SIZE = Long.BYTES + 2 * Integer.BYTES + NoiseKey.LENGTH;

  /**
   * What a file says.
   *
   * @param keys how many keys the run has used, at least 1
   * @param next the step whose noise comes next, counted from the key's first
   * @param key the last key
   */
  public record Content(int keys, int next, byte[] key) {}

  private final Path file;

  /**
   * The secret of a run.
   *
   * @param file where; readable by nobody else where the file system can do that
   */
  public NoiseSecret(Path file) {
    this.file = file;
  }

  /**
   * Whether there is a file.
   *
   * @return false before the first step
   */
  public boolean exists() {
    return Files.exists(file);
  }

  /**
   * Reads the file.
   *
   * @return its content
   * @throws IllegalStateException if it is not such a file
   */
  public Content read() {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Content read(FileChannel channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(SIZE);
    while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) > 0) {
      // Until it is full or the file ends.
    }
    buffer.flip();
    if (buffer.remaining() < SIZE || buffer.getLong() != MAGIC) {
      throw new IllegalStateException(file + " is not a file with the key of correlated noise");
    }
    int keys = buffer.getInt();
    int next = buffer.getInt();
    byte[] key = new byte[NoiseKey.LENGTH];
    buffer.get(key);
    return new Content(keys, next, key);
  }

  /**
   * Writes that the first step of a key is released.
   *
   * @param keys how many keys the run has used with this one
   * @param key the key
   * @throws IllegalStateException if the file has another number of keys than one less: someone
   *     else goes on with the run
   */
  public void begin(int keys, NoiseKey key) {
    synchronized (NoiseSecret.class) {
      try (FileChannel channel = keys == 1 ? create() : open()) {
        channel.lock();
        if (keys > 1 && read(channel).keys() != keys - 1) {
          throw elsewhere();
        }
        write(channel, new Content(keys, 1, key.bytes()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Writes that a step is released.
   *
   * @param keys how many keys the run has used
   * @param step which step of the last one, from 1
   * @throws IllegalStateException if the file says otherwise: someone else goes on with the run
   */
  public void claim(int keys, int step) {
    synchronized (NoiseSecret.class) {
      try (FileChannel channel = open()) {
        channel.lock();
        Content content = read(channel);
        if (content.keys() != keys || content.next() != step) {
          throw elsewhere();
        }
        write(channel, new Content(keys, step + 1, content.key()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private IllegalStateException elsewhere() {
    return new IllegalStateException(
        "The noise of this step is released already, by another run with " + file);
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private FileChannel create() throws IOException {
    Set<StandardOpenOption> options =
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? FileChannel.open(
            file,
            options,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
        : FileChannel.open(file, options);
  }

  private static void write(FileChannel channel, Content content) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(SIZE).putLong(MAGIC);
    buffer.putInt(content.keys()).putInt(content.next()).put(content.key()).flip();
    while (buffer.hasRemaining()) {
      channel.write(buffer, buffer.position());
    }
    channel.force(true);
  }
}
