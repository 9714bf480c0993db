// Translation on Android with a .tflite of dynamic shapes (`zoo export RUN --to tflite`), by LiteRT's Interpreter.
//
// Add this file and SentencePiece.kt to an app, and to its build.gradle.kts:
//     implementation("com.google.ai.edge.litert:litert:1.4.0")
// Since 2.0 the package com.google.ai.edge.litert holds CompiledModel; the Interpreter is
// org.tensorflow.lite.Interpreter in both versions.

import java.io.Closeable
import java.io.File
import java.io.IOException
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.IntBuffer
import java.util.zip.Inflater
import org.tensorflow.lite.Interpreter

private const val PAD = 0
private const val END = 2
private const val MAX_SOURCE = 512 // the most ids of a source,
private const val MAX_TARGET = 256 // and of an answer
private const val MAX_BEAM = 64
private const val NEVER = -1e9f // the score of an empty place in the beam

/** A text and its log-probability. */
class Translation(val text: String, val score: Float)

/**
 * A translation model and its vocabularies. Calls are serialised: an Interpreter serves one thread at a time.
 *
 * @param file the .tflite; it must be a file, so copy it out of the assets first.
 * @param threads the number of threads of the Interpreter.
 * @throws java.io.IOException the file cannot be read, or holds no zip archive after the model.
 * @throws IllegalArgumentException it is no translation model of the zoo, or it has a fixed shape.
 */
class Translator(file: File, threads: Int = 1) : Closeable {
    private val source: SentencePiece
    private val target: SentencePiece
    private val interpreter: Interpreter

    init {
        val files = filesBehind(file)
        val vocabularies = listOf("source.model", "target.model").map { name ->
            SentencePiece(requireNotNull(files[name]) { "$file is no translation model: it has no $name." })
        }
        source = vocabularies[0]
        target = vocabularies[1]
        interpreter = Interpreter(file, Interpreter.Options().setNumThreads(threads))
        if ("beam_width" !in interpreter.getSignatureInputs("beam")) {
            interpreter.close()
            throw IllegalArgumentException("$file has a fixed shape, for CompiledModel. Export without --shape.")
        }
    }

    /** Returns the greedy translation. */
    @Synchronized
    fun translate(text: String): Translation {
        val ids = sourceIds(text) ?: return Translation("", 0f)
        // A Buffer may be larger than the answer, whose length is unknown before the run; an array may not.
        val produced = IntBuffer.allocate(MAX_TARGET)
        val score = FloatBuffer.allocate(1)
        val outputs = mapOf<String, Any>("ids" to produced, "score" to score)
        interpreter.runSignature(mapOf<String, Any>("ids" to ids), outputs, "greedy")
        return Translation(textOf(produced.array().asList()), score[0])
    }

    /**
     * Returns the hypotheses of a beam search, the best first.
     *
     * @param beamWidth the number of hypotheses, 1 to 64.
     * @param lengthPenalty 0 for none; larger values prefer longer answers.
     * @param maxLength the greatest length of an answer in pieces, 1 to 256, the end included.
     */
    @Synchronized
    fun translate(
        text: String, beamWidth: Int, lengthPenalty: Float = 0.6f, maxLength: Int = MAX_TARGET
    ): List<Translation> {
        require(beamWidth in 1..MAX_BEAM) { "beamWidth must be from 1 to $MAX_BEAM. Received: $beamWidth." }
        require(maxLength in 1..MAX_TARGET) { "maxLength must be from 1 to $MAX_TARGET. Received: $maxLength." }
        val ids = sourceIds(text) ?: return listOf(Translation("", 0f))
        val inputs = mapOf<String, Any>(
            "ids" to ids, "beam_width" to beamWidth, "length_penalty" to lengthPenalty, "max_length" to maxLength
        )
        val produced = IntBuffer.allocate(beamWidth * maxLength) // [1][beamWidth][T], T at most maxLength
        val score = FloatBuffer.allocate(beamWidth)
        interpreter.runSignature(inputs, mapOf<String, Any>("ids" to produced, "score" to score), "beam")
        val length = produced.position() / beamWidth // T: the Interpreter moves the position of a Buffer
        val rows = produced.array().asList()
        return (0 until beamWidth).filter { score[it] > NEVER / 2 }.map {
            Translation(textOf(rows.subList(it * length, (it + 1) * length)), score[it])
        }
    }

    @Synchronized
    override fun close() = interpreter.close()

    /** Returns the ids of a text, [1][S]; null if it has no piece, and therefore no answer. */
    private fun sourceIds(text: String): Array<IntArray>? {
        val ids = source.encode(text).take(MAX_SOURCE - 1).toIntArray()
        return if (ids.isEmpty()) null else arrayOf(ids + END)
    }

    private fun textOf(ids: List<Int>): String = target.decode(ids.takeWhile { it != END && it != PAD }.toIntArray())
}

private const val END_RECORD = 0x06054b50 // the signatures of a zip archive
private const val CENTRAL_ENTRY = 0x02014b50
private const val DEFLATED = 8
private const val MAX_COMMENT = 0xffff

/**
 * Returns the files of the zip archive behind a model, by name.
 *
 * Android's ZipFile refuses an archive that does not begin with the file, so the few fields that are needed are read
 * here: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
 */
private fun filesBehind(file: File): Map<String, ByteArray> = RandomAccessFile(file, "r").use { input ->
    fun bytes(at: Long, count: Int): ByteBuffer {
        if (at < 0 || count < 0 || at + count > input.length()) throw IOException("$file is damaged, or no model of the zoo.")
        val content = ByteArray(count)
        input.seek(at)
        input.readFully(content)
        return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN)
    }

    fun ByteBuffer.short(at: Int) = getShort(at).toInt() and 0xffff
    fun ByteBuffer.int(at: Int) = getInt(at).toLong() and 0xffffffffL

    val tail = bytes(maxOf(0L, input.length() - 22 - MAX_COMMENT), minOf(input.length(), 22L + MAX_COMMENT).toInt())
    val end = (tail.capacity() - 22 downTo 0).firstOrNull { tail.getInt(it) == END_RECORD }
        ?: throw IOException("$file holds no zip archive after the model.")
    var at = tail.int(end + 16)
    (0 until tail.short(end + 10)).associate {
        val entry = bytes(at, 46)
        if (entry.getInt(0) != CENTRAL_ENTRY) throw IOException("$file is damaged: its archive cannot be read.")
        val name = String(bytes(at + 46, entry.short(28)).array(), Charsets.UTF_8)
        at += 46 + entry.short(28) + entry.short(30) + entry.short(32)
        val header = bytes(entry.int(42), 30)
        val start = entry.int(42) + 30 + header.short(26) + header.short(28)
        val content = bytes(start, entry.int(20).toInt()).array()
        name to (if (entry.short(10) == DEFLATED) inflated(content, entry.int(24).toInt()) else content)
    }
}

private fun inflated(content: ByteArray, size: Int): ByteArray {
    val inflater = Inflater(true) // without the header of zlib
    try {
        inflater.setInput(content)
        val result = ByteArray(size)
        var done = 0
        while (done < size && !inflater.finished()) {
            val count = inflater.inflate(result, done, size - done)
            if (count == 0) break
            done += count
        }
        if (done != size) throw IOException("a vocabulary is damaged: $done of $size bytes could be read.")
        return result
    } finally {
        inflater.end()
    }
}
