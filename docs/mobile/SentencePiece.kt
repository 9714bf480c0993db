// SentencePiece in Kotlin: reads `source.model` and `target.model` from a .tflite of the zoo, and encodes and decodes
// text as Python's sentencepiece does. It needs no library, on Android or elsewhere.

import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder

private const val UNKNOWN = 3 // the id; 0 is padding, 1 start, 2 end
private const val SPACE = '\u2581' // the character for a space inside pieces

private const val UNIGRAM = 1 // kinds of models, as SentencePiece numbers them; 2 is BPE
private const val WORD = 3
private const val CHAR = 4

private const val NORMAL = 1 // types of pieces, also numbered so; 4, 5 and 6 are user-defined, unused and byte pieces
private const val UNKNOWN_TYPE = 2
private const val CONTROL = 3

private const val UNKNOWN_PENALTY = 10f // the cost of an unknown character beyond the least probable piece

/**
 * The vocabulary of one side: text to ids and back. An instance is immutable, so threads can share it.
 *
 * @param model a serialised SentencePiece model whose padding, start, end and unknown piece have the ids 0 to 3.
 * @throws IllegalArgumentException the bytes are no such model, or it has a feature that no vocabulary of the zoo has.
 */
class SentencePiece(model: ByteArray) {
    private val proto = ModelProto(model)
    private val normaliser = Normaliser(proto)
    private val index = PieceIndex(proto)
    private val controls = proto.pieces.filterIndexed { id, _ -> proto.types[id] == CONTROL }.toSet()
    private val unknownScore = proto.leastScore() - UNKNOWN_PENALTY

    /** The number of pieces, with the four special ids. */
    val size: Int get() = proto.pieces.size

    /** Returns the ids of a text, without start or end. Consecutive unknown characters become one unknown id. */
    fun encode(text: String): IntArray {
        val normalised = normaliser.normalise(text)
        val ids = when (proto.kind) {
            UNIGRAM -> mostProbable(normalised)
            WORD -> words(normalised)
            else -> characters(normalised)
        }
        return ids.filterIndexed { i, id -> id != UNKNOWN || i == 0 || ids[i - 1] != UNKNOWN }.toIntArray()
    }

    /**
     * Returns the text of ids; padding, start and end are ignored.
     *
     * @throws IllegalArgumentException an id is out of range.
     */
    fun decode(ids: IntArray): String {
        val strips = proto.removeExtraWhitespaces
        val text = StringBuilder()
        var atStart = true
        var dropped = false
        for (id in ids) {
            require(id in proto.pieces.indices) { "Expected ids from 0 to ${size - 1}. Received: $id." }
            if (dropped || text.isNotEmpty()) atStart = false
            dropped = false
            if (proto.types[id] == CONTROL) continue
            if (id == UNKNOWN) {
                text.append(proto.unknownSurface)
                continue
            }
            val piece = proto.pieces[id]
            val drops = atStart && piece.startsWith(SPACE) && (proto.addDummyPrefix || strips)
            text.append((if (drops) piece.substring(1) else piece).replace(SPACE, ' '))
            dropped = drops && !strips
        }
        return text.toString()
    }

    /**
     * Viterbi: the segmentation with the greatest sum of scores, as SentencePiece computes it. It keeps sums in float32,
     * and compares one that ends in a piece with them in float64, before it is rounded; one that ends in an unknown
     * character is rounded first.
     */
    private fun mostProbable(text: String): List<Int> {
        val score = FloatArray(text.length + 1) // of the best segmentation of the text up to here,
        val last = IntArray(text.length + 1) // its last piece,
        val start = IntArray(text.length + 1) { -1 } // and the start of that piece; -1 while there is no segmentation
        fun offer(from: Int, to: Int, id: Int, gain: Float) {
            val exact = score[from].toDouble() + gain
            val sum = exact.toFloat()
            val compared = if (id == UNKNOWN) sum.toDouble() else exact
            if (start[to] >= 0 && compared <= score[to]) return
            score[to] = sum
            last[to] = id
            start[to] = from
        }
        var from = 0
        while (from < text.length) {
            val next = from + Character.charCount(text.codePointAt(from))
            var isPiece = false // whether the character alone is a piece
            index.forEachPrefix(text, from) { to, id ->
                offer(from, to, id, proto.scores[id])
                if (to == next) isPiece = true
            }
            if (!isPiece) offer(from, next, UNKNOWN, unknownScore)
            from = next
        }
        val ends = generateSequence(text.length) { start[it] }.takeWhile { it > 0 }
        return ends.map { last[it] }.toList().reversed()
    }

    private fun characters(text: String): List<Int> {
        val starts = text.indices.filter { !text[it].isLowSurrogate() } + text.length
        return starts.zipWithNext { from, to -> index.id(text.substring(from, to)) }
    }

    private fun words(text: String): List<Int> {
        val starts = text.indices.filter { it == 0 || text[it] == SPACE } + text.length
        val words = starts.zipWithNext { from, to -> text.substring(from, to) }
        return words.filter { it !in controls }.map { index.id(it) } // a word that is written as "<s>" has no id
    }
}

/** The normal pieces by their prefixes: they are sorted, so pieces with the same prefix are adjacent. */
private class PieceIndex(proto: ModelProto) {
    private val ids = proto.pieces.indices.filter { proto.types[it] == NORMAL }.sortedBy { proto.pieces[it] }
    private val sorted = ids.map { proto.pieces[it] }

    /** Returns the id of a piece, or that of the unknown piece. */
    fun id(piece: String): Int {
        val place = sorted.binarySearch(piece)
        return if (place < 0) UNKNOWN else ids[place]
    }

    /** Calls `found` with the end and the id of every piece in `text` that starts at `from`, the shortest first. */
    inline fun forEachPrefix(text: String, from: Int, found: (Int, Int) -> Unit) {
        var low = 0
        var high = sorted.size
        for (end in from until text.length) { // the pieces from low to high begin with the text between from and end
            val depth = end - from
            val next = text[end]
            low = first(low, high) { it.length > depth && it[depth] >= next }
            high = first(low, high) { it[depth] > next }
            if (low == high) return
            if (sorted[low].length == depth + 1) found(end + 1, ids[low])
        }
    }

    /** Returns the first index between `from` and `to` whose piece, like all after it, satisfies the condition. */
    private inline fun first(from: Int, to: Int, isAsAsked: (String) -> Boolean): Int {
        var low = from
        var high = to
        while (low < high) {
            val middle = (low + high) ushr 1
            if (isAsAsked(sorted[middle])) high = middle else low = middle + 1
        }
        return low
    }
}

/** The normalisation of text by the rules of a vocabulary: a double-array trie over UTF-8 bytes, and replacements. */
private class Normaliser(private val proto: ModelProto) {
    private val trie: IntArray
    private val replacements: ByteArray // each ends with a zero byte

    init {
        val charsmap = ByteBuffer.wrap(proto.charsmap).order(ByteOrder.LITTLE_ENDIAN)
        val size = if (charsmap.remaining() < 4) 0 else charsmap.getInt() // of the trie, in bytes
        require(size in 0..charsmap.remaining()) { "The rules of normalisation are damaged." }
        trie = IntArray(size / 4) { charsmap.getInt() }
        replacements = ByteArray(charsmap.remaining()).also { charsmap.get(it) }
    }

    fun normalise(text: String): String {
        if (text == "") return ""
        val bytes = wellFormed(text).toByteArray()
        val result = Result(bytes.size)
        var at = 0
        while (at < bytes.size) {
            val rule = longestRule(bytes, at)
            if (rule == null) {
                val width = characterWidth(bytes[at])
                result.append(bytes, at, at + width)
                at += width
            } else {
                var end = rule.replacement
                while (replacements[end] != 0.toByte()) end += 1
                result.append(replacements, rule.replacement, end)
                at += rule.length
            }
        }
        return result.text()
    }

    /** The normalised text under construction. */
    private inner class Result(size: Int) {
        private val space = if (proto.escapeWhitespaces) SPACE else ' '
        private val spaceBytes = space.toString().toByteArray()
        private val strips = proto.removeExtraWhitespaces
        private val bytes = ByteArrayOutputStream(2 * size)
        private var afterSpace = strips

        init {
            if (proto.addDummyPrefix) bytes.write(spaceBytes, 0, spaceBytes.size)
        }

        /** Adds a character without a rule, or a replacement; repeated spaces are left out. */
        fun append(source: ByteArray, from: Int, to: Int) {
            var start = from
            while (afterSpace && start < to && source[start] == BLANK) start += 1
            for (i in start until to) {
                if (source[i] == BLANK) bytes.write(spaceBytes, 0, spaceBytes.size) else bytes.write(source[i].toInt())
            }
            if (start < to) afterSpace = strips && source[to - 1] == BLANK
        }

        fun text(): String {
            val text = String(bytes.toByteArray(), Charsets.UTF_8)
            return if (strips) text.trimEnd(space) else text
        }
    }

    private class Rule(val length: Int, val replacement: Int)

    /** Walks the trie (in the layout of darts-clone); returns the rule that matches the most bytes at `from`. */
    private fun longestRule(bytes: ByteArray, from: Int): Rule? {
        if (trie.isEmpty()) return null
        var longest: Rule? = null
        var node = offsetOf(trie[0])
        for (i in from until bytes.size) {
            val byte = bytes[i].toInt() and 0xff
            node = node xor byte
            val unit = trie[node]
            if ((unit and LABEL) != byte) break
            node = node xor offsetOf(unit)
            if ((unit and HAS_LEAF) != 0) longest = Rule(i + 1 - from, trie[node] and Int.MAX_VALUE)
        }
        return longest
    }

    private fun offsetOf(unit: Int): Int = (unit ushr 10) shl ((unit and 512) ushr 6)

    private fun characterWidth(first: Byte): Int {
        val byte = first.toInt() and 0xff
        return if (byte < 0x80) 1 else if (byte < 0xe0) 2 else if (byte < 0xf0) 3 else 4
    }

    /** Replaces unpaired surrogates, which UTF-8 lacks, by U+FFFD; `toByteArray` would write question marks. */
    private fun wellFormed(text: String): String {
        val result = text.toCharArray()
        for (i in text.indices) {
            val isPaired = if (text[i].isHighSurrogate()) {
                i + 1 < text.length && text[i + 1].isLowSurrogate()
            } else {
                i > 0 && text[i - 1].isHighSurrogate()
            }
            if (text[i].isSurrogate() && !isPaired) result[i] = '\uFFFD'
        }
        return String(result)
    }

    private companion object {
        const val BLANK: Byte = 0x20
        const val LABEL = (1 shl 31) or 0xff
        const val HAS_LEAF = 1 shl 8
    }
}

/** The fields of the protobuf message `ModelProto` (sentencepiece_model.proto) that are used; defaults if absent. */
private class ModelProto(model: ByteArray) {
    val pieces = ArrayList<String>()
    val scores = ArrayList<Float>()
    val types = ArrayList<Int>()
    var kind = UNIGRAM
    var unknownSurface = " \u2047 "
    var charsmap = ByteArray(0)
    var addDummyPrefix = true
    var removeExtraWhitespaces = true
    var escapeWhitespaces = true
    private var hasByteFallback = false
    private var hasSpaceAsSuffix = false
    private var hasDenormaliser = false

    init {
        try {
            read(ByteBuffer.wrap(model))
            require(pieces.isNotEmpty())
        } catch (error: RuntimeException) {
            val received = "${model.size} bytes that are none"
            throw IllegalArgumentException("Expected a SentencePiece model. Received $received.", error)
        }
        refuseOthers()
    }

    fun leastScore(): Float =
        pieces.indices.filter { types[it] == NORMAL }.fold(Float.MAX_VALUE) { least, id -> minOf(least, scores[id]) }

    private fun read(model: ByteBuffer) = forEachField(model) { field, value ->
        when (field) {
            1 -> readPiece(value as ByteBuffer)
            2 -> readTrainerSpec(value as ByteBuffer)
            3 -> readNormaliserSpec(value as ByteBuffer)
            5 -> forEachField(value as ByteBuffer) { inner, rules ->
                if (inner == 2) hasDenormaliser = (rules as ByteBuffer).hasRemaining()
            }
        }
    }

    private fun readPiece(message: ByteBuffer) {
        var piece = ""
        var score = 0f
        var type = NORMAL
        forEachField(message) { field, value ->
            when (field) {
                1 -> piece = text(value)
                2 -> score = value as Float
                3 -> type = (value as Long).toInt()
            }
        }
        pieces += piece
        scores += score
        types += type
    }

    private fun readTrainerSpec(message: ByteBuffer) = forEachField(message) { field, value ->
        when (field) {
            3 -> kind = (value as Long).toInt()
            24 -> hasSpaceAsSuffix = value != 0L
            35 -> hasByteFallback = value != 0L
            44 -> unknownSurface = text(value)
        }
    }

    private fun readNormaliserSpec(message: ByteBuffer) = forEachField(message) { field, value ->
        when (field) {
            2 -> charsmap = ByteArray((value as ByteBuffer).remaining()).also { value.get(it) }
            3 -> addDummyPrefix = value != 0L
            4 -> removeExtraWhitespaces = value != 0L
            5 -> escapeWhitespaces = value != 0L
        }
    }

    private fun text(value: Any): String = Charsets.UTF_8.decode(value as ByteBuffer).toString()

    private fun refuseOthers() {
        val hasSpecialIds = types.take(4) == listOf(CONTROL, CONTROL, CONTROL, UNKNOWN_TYPE)
        val feature = when {
            kind != UNIGRAM && kind != WORD && kind != CHAR -> "is neither unigram nor char nor word"
            hasByteFallback -> "has byte fallback"
            hasSpaceAsSuffix -> "has spaces at the end of pieces"
            hasDenormaliser -> "has rules for what it puts together"
            types.any { it !in NORMAL..CONTROL } -> "has user-defined, unused or byte pieces"
            !hasSpecialIds -> "has other ids than 0, 1, 2 and 3 for padding, start, end and unknown"
            else -> return
        }
        throw IllegalArgumentException("This SentencePiece model cannot be read here: it $feature.")
    }
}

/** Calls `read` with the number and the value of each field of a protobuf message: a Long, a Float or a ByteBuffer. */
private fun forEachField(message: ByteBuffer, read: (Int, Any) -> Unit) {
    message.order(ByteOrder.LITTLE_ENDIAN)
    while (message.hasRemaining()) {
        val key = varint(message)
        require(key ushr 3 in 1..0x1fffffff) { "There is no field ${key ushr 3}." }
        val value: Any = when ((key and 7).toInt()) {
            0 -> varint(message)
            1 -> message.getLong()
            2 -> bytes(message)
            5 -> message.getFloat()
            else -> throw IllegalArgumentException("There is no value of kind ${key and 7}.")
        }
        read((key ushr 3).toInt(), value)
    }
}

private fun bytes(message: ByteBuffer): ByteBuffer {
    val size = varint(message)
    require(size in 0..message.remaining()) { "There are no $size bytes." }
    val part = message.slice()
    part.limit(size.toInt())
    message.position(message.position() + size.toInt())
    return part
}

private fun varint(message: ByteBuffer): Long {
    var value = 0L
    for (shift in 0..63 step 7) {
        val byte = message.get().toLong()
        value = value or ((byte and 0x7f) shl shift)
        if (byte >= 0) return value
    }
    throw IllegalArgumentException("A number has more than ten bytes.")
}
