package org.dl4jplus.optim.zeroth.offload;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A vector in a store. On the CPU it is copied straight between the store and an array's own
 * memory; on other backends chunk by chunk by way of small arrays, and a commit of the executioner
 * ends each copy. Those other backends were not at hand: that path is tested on the CPU alone.
 */
public final class StoredBlock {

  /** Values that are converted at a time. */
  private static final int CHUNK = 16_384;

  private final DataType type;
  private final Compression compression;
  private final int length;
  private final int chunkBytes;
  private final int chunksPerPiece;
  private final ByteBuffer[] pieces;

  /**
   * Takes memory for a vector.
   *
   * @param store whose memory
   * @param type of the arrays that it is copied to and from, FLOAT or DOUBLE
   * @param compression how it is stored
   * @param length entries, up to 2^31 - 1
   */
  public StoredBlock(BlockStore store, DataType type, Compression compression, int length) {
    this.type = type;
    this.compression = compression;
    this.length = length;
    chunkBytes = bytes(CHUNK);
    chunksPerPiece = BlockStore.PIECE / chunkBytes;
    int chunks = (length + CHUNK - 1) / CHUNK;
    pieces = new ByteBuffer[(chunks + chunksPerPiece - 1) / chunksPerPiece];
    for (int p = 0; p < pieces.length; p++) {
      int values = (int) Math.min((long) chunksPerPiece * CHUNK, length - start(p));
      pieces[p] = store.piece(bytesOf(values));
    }
  }

  private long start(int piece) {
    return (long) piece * chunksPerPiece * CHUNK;
  }

  private int bytes(int values) {
    return compression == Compression.NONE ? values * type.width() : compression.bytes(values);
  }

  /** Chunk by chunk, since a chunk's last group may be short. */
  private int bytesOf(int values) {
    return values / CHUNK * chunkBytes + bytes(values % CHUNK);
  }

  /**
   * What it takes in the store.
   *
   * @return bytes
   */
  public long bytes() {
    long bytes = 0;
    for (ByteBuffer piece : pieces) {
      bytes += piece.capacity();
    }
    return bytes;
  }

  /**
   * Copies the vector to the beginning of an array.
   *
   * @param array of shape [n], n at least the vector's length, dense
   */
  public void read(INDArray array) {
    if (compression == Compression.NONE && Perturber.isHost(array)) {
      for (int p = 0; p < pieces.length; p++) {
        int at = Math.toIntExact(start(p));
        ByteBuffer piece = pieces[p].duplicate().order(pieces[p].order()).clear();
        int values = piece.capacity() / type.width();
        if (type == DataType.FLOAT) {
          array.data().asNioFloat().put(at, piece.asFloatBuffer(), 0, values);
        } else {
          array.data().asNioDouble().put(at, piece.asDoubleBuffer(), 0, values);
        }
      }
      return;
    }
    double[] x = new double[CHUNK];
    for (int c = 0; (long) c * CHUNK < length; c++) {
      int from = c * CHUNK;
      int count = Math.min(CHUNK, length - from);
      ByteBuffer piece = pieces[c / chunksPerPiece];
      int at = c % chunksPerPiece * chunkBytes;
      if (compression != Compression.NONE) {
        compression.read(piece, at, x, count);
      } else {
        for (int i = 0; i < count; i++) {
          x[i] = type == DataType.FLOAT ? piece.getFloat(at + 4 * i) : piece.getDouble(at + 8 * i);
        }
      }
      put(array, from, x, count);
    }
    Nd4j.getExecutioner().commit();
  }

  /**
   * Copies the beginning of an array to the store.
   *
   * @param array as in {@link #read}
   * @param seed of random rounding
   * @param first number of the vector's first entry in the stream of random numbers
   */
  public void write(INDArray array, long seed, long first) {
    if (compression == Compression.NONE && Perturber.isHost(array)) {
      for (int p = 0; p < pieces.length; p++) {
        int at = Math.toIntExact(start(p));
        ByteBuffer piece = pieces[p].duplicate().order(pieces[p].order()).clear();
        int values = piece.capacity() / type.width();
        if (type == DataType.FLOAT) {
          piece.asFloatBuffer().put(0, array.data().asNioFloat(), at, values);
        } else {
          piece.asDoubleBuffer().put(0, array.data().asNioDouble(), at, values);
        }
      }
      return;
    }
    double[] x = new double[CHUNK];
    for (int c = 0; (long) c * CHUNK < length; c++) {
      int from = c * CHUNK;
      int count = Math.min(CHUNK, length - from);
      get(array, from, x, count);
      ByteBuffer piece = pieces[c / chunksPerPiece];
      int at = c % chunksPerPiece * chunkBytes;
      if (compression != Compression.NONE) {
        compression.write(x, count, piece, at, seed, first + from);
      } else {
        for (int i = 0; i < count; i++) {
          if (type == DataType.FLOAT) {
            piece.putFloat(at + 4 * i, (float) x[i]);
          } else {
            piece.putDouble(at + 8 * i, x[i]);
          }
        }
      }
    }
  }

  private static void put(INDArray array, int from, double[] x, int count) {
    if (!Perturber.isHost(array)) {
      array
          .get(NDArrayIndex.interval(from, from + count))
          .assign(Nd4j.createFromArray(Arrays.copyOf(x, count)).castTo(array.dataType()));
    } else if (array.dataType() == DataType.FLOAT) {
      FloatBuffer floats = array.data().asNioFloat();
      for (int i = 0; i < count; i++) {
        floats.put(from + i, (float) x[i]);
      }
    } else {
      array.data().asNioDouble().put(from, x, 0, count);
    }
  }

  private static void get(INDArray array, int from, double[] x, int count) {
    if (!Perturber.isHost(array)) {
      double[] part = array.get(NDArrayIndex.interval(from, from + count)).toDoubleVector();
      System.arraycopy(part, 0, x, 0, count);
    } else if (array.dataType() == DataType.FLOAT) {
      FloatBuffer floats = array.data().asNioFloat();
      for (int i = 0; i < count; i++) {
        x[i] = floats.get(from + i);
      }
    } else {
      array.data().asNioDouble().get(from, x, 0, count);
    }
  }

  /**
   * Writes what is stored, as it is stored.
   *
   * @param out where to
   * @throws IOException if it cannot be written
   */
  public void save(OutputStream out) throws IOException {
    byte[] part = new byte[1 << 16];
    for (ByteBuffer piece : pieces) {
      ByteBuffer left = piece.duplicate().clear();
      while (left.hasRemaining()) {
        int count = Math.min(part.length, left.remaining());
        left.get(part, 0, count);
        out.write(part, 0, count);
      }
    }
  }

  /**
   * Reads what {@link #save} wrote.
   *
   * @param in where from
   * @throws IOException if it cannot be read, or ends too early
   */
  public void load(InputStream in) throws IOException {
    byte[] part = new byte[1 << 16];
    for (ByteBuffer piece : pieces) {
      ByteBuffer left = piece.duplicate().clear();
      while (left.hasRemaining()) {
        int count = in.readNBytes(part, 0, Math.min(part.length, left.remaining()));
        if (count == 0) {
          throw new IOException("The saved parameters end too early");
        }
        left.put(part, 0, count);
      }
    }
  }
}
