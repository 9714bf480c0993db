// A stand-in for LiteRT's Interpreter: it declares what Translator.kt calls, refuses what the Interpreter refuses, and
// answers what was recorded of a .tflite in the file beside it, whose name ends in .recorded; a line there is
//
//     input TAB signature TAB name TAB type TAB rank
//     output TAB signature TAB name TAB type
//     answer TAB signature TAB the inputs TAB an output TAB an output ...
//
// with inputs and outputs as `Recorded` writes them.

package org.tensorflow.lite

import java.io.File
import java.nio.FloatBuffer
import java.nio.IntBuffer

class Interpreter(file: File, options: Options) : AutoCloseable {
    class Options {
        var threads = -1
            private set

        fun setNumThreads(numThreads: Int): Options = apply { threads = numThreads }
    }

    private val lines = File("${file.path}.recorded").readLines().map { it.split("\t") }
    private var isClosed = false

    init {
        require(options.threads >= -1)
    }

    fun getSignatureInputs(signatureKey: String): Array<String> {
        check(!isClosed) { "Internal error: The Interpreter has already been closed." }
        return described("input", signatureKey).map { it[2] }.toTypedArray()
    }

    fun runSignature(inputs: Map<String, Any>, outputs: Map<String, Any>, signatureKey: String) {
        check(!isClosed) { "Internal error: The Interpreter has already been closed." }
        val kinds = described("input", signatureKey).associate { it[2] to Pair(it[3], it[4].toInt()) }
        val asked = inputs.mapValues { Recorded.of(it.value) }
        require(asked.mapValues { Pair(it.value.type, it.value.shape.size) } == kinds) {
            "Expected inputs $kinds. Received: ${asked.mapValues { Pair(it.value.type, it.value.shape) }}."
        }
        val question = asked.toSortedMap().map { "${it.key}=${it.value}" }.joinToString(";")
        val answer = lines.firstOrNull { it.take(3) == listOf("answer", signatureKey, question) }
        requireNotNull(answer) { "Nothing was recorded of $signatureKey for $question." }
        val values = answer.drop(3).associate { it.substringBefore("=") to it.substringAfter(":").split(" ") }
        val types = described("output", signatureKey).associate { it[2] to it[3] }
        for ((name, buffer) in outputs) write(values.getValue(name).filter { it.isNotEmpty() }, types[name], buffer)
    }

    override fun close() {
        isClosed = true
    }

    private fun described(what: String, signatureKey: String): List<List<String>> {
        val found = lines.filter { it[0] == what && it[1] == signatureKey }
        require(found.isNotEmpty()) { "Input error: Signature $signatureKey not found." }
        return found
    }

    /** Writes from the position of a buffer on, as Tensor does: there must be room, and something to write. */
    private fun write(values: List<String>, type: String?, buffer: Any) {
        require(values.isNotEmpty()) { "Internal error: Tensor hasn't been allocated." }
        if (buffer is IntBuffer && type == "int32") {
            require(values.size <= buffer.capacity()) { "Cannot copy ${values.size} numbers to ${buffer.capacity()}." }
            buffer.put(values.map { it.toInt() }.toIntArray())
        } else if (buffer is FloatBuffer && type == "float32") {
            require(values.size <= buffer.capacity()) { "Cannot copy ${values.size} numbers to ${buffer.capacity()}." }
            buffer.put(values.map { it.toFloat() }.toFloatArray())
        } else {
            throw IllegalArgumentException("Cannot convert between a tensor of $type and a ${buffer.javaClass.name}.")
        }
    }
}

/** A tensor, written as its shape and its values: "1,3:5 6 2", or ":0.6" for a scalar. */
private class Recorded(val type: String, val shape: List<Int>, private val values: List<Any>) {
    override fun toString(): String = "${shape.joinToString(",")}:${values.joinToString(" ")}"

    companion object {
        fun of(value: Any): Recorded = when (value) {
            is Int -> Recorded("int32", emptyList(), listOf(value))
            is Float -> Recorded("float32", emptyList(), listOf(value))
            is IntArray -> Recorded("int32", listOf(value.size), value.toList())
            is Array<*> -> ofRows(value.map { of(it!!) })
            else -> throw IllegalArgumentException("DataType error: cannot resolve DataType of ${value.javaClass.name}")
        }

        private fun ofRows(rows: List<Recorded>): Recorded {
            require(rows.map { it.type to it.shape }.toSet().size == 1) { "Mismatched rows, or none: $rows" }
            return Recorded(rows[0].type, listOf(rows.size) + rows[0].shape, rows.flatMap { it.values })
        }
    }
}
