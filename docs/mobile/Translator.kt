// Translation on Android with a .tflite of dynamic shapes (`zoo export RUN --to tflite`), by LiteRT's Interpreter.
//
// Add this file and SentencePiece.kt to an app, and to its build.gradle.kts:
//     implementation("com.google.ai.edge.litert:litert:1.4.0")
// Since 2.0 the package com.google.ai.edge.litert holds CompiledModel; the Interpreter is
// org.tensorflow.lite.Interpreter in both versions.

import java.io.Closeable
import java.io.File
import java.nio.FloatBuffer
import java.nio.IntBuffer
import java.util.zip.ZipFile
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
        val vocabularies = ZipFile(file).use { zip ->
            listOf("source.model", "target.model").map { SentencePiece(read(zip, it)) }
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

    private fun read(zip: ZipFile, name: String): ByteArray {
        val entry = requireNotNull(zip.getEntry(name)) { "${zip.name} is no translation model: it has no $name." }
        return zip.getInputStream(entry).use { it.readBytes() }
    }
}
