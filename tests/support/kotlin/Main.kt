// Reads a question a line from standard input, writes an answer a line. Text is the hexadecimal digits of its UTF-16.
//
//     vocabulary PATH              reads a SentencePiece model for the lines that follow
//     encode TEXT                  ids
//     decode ID ...                text
//     translator PATH              opens a .tflite for the lines that follow
//     greedy TEXT                  score and text
//     beam N PENALTY LENGTH TEXT   score and text of each hypothesis
//
// The answer to what is refused is `refused` and the message.

import java.io.File

private var vocabulary: SentencePiece? = null
private var translator: Translator? = null

fun main() {
    val out = System.out.bufferedWriter()
    System.`in`.bufferedReader().forEachLine { line ->
        val answer = try {
            answer(line.split(" "))
        } catch (error: IllegalArgumentException) {
            "refused ${error.message}"
        }
        out.write("$answer\n")
    }
    out.flush()
}

private fun answer(words: List<String>): String {
    val rest = words.drop(1)
    return when (words[0]) {
        "vocabulary" -> {
            vocabulary = SentencePiece(File(rest[0]).readBytes())
            "${vocabulary!!.size}"
        }
        "encode" -> vocabulary!!.encode(text(rest[0])).joinToString(" ")
        "decode" -> digits(vocabulary!!.decode(rest.filter { it.isNotEmpty() }.map { it.toInt() }.toIntArray()))
        "translator" -> {
            translator?.close()
            translator = Translator(File(rest[0]))
            ""
        }
        "greedy" -> written(listOf(translator!!.translate(text(rest[0]))))
        "beam" -> written(translator!!.translate(text(rest[3]), rest[0].toInt(), rest[1].toFloat(), rest[2].toInt()))
        else -> throw IllegalStateException("What is ${words[0]}?")
    }
}

private fun written(found: List<Translation>): String = found.joinToString(" ") { "${it.score} ${digits(it.text)}" }

private fun text(digits: String): String =
    String(CharArray(digits.length / 4) { digits.substring(4 * it, 4 * it + 4).toInt(16).toChar() })

private fun digits(text: String): String = text.map { "%04x".format(it - '\u0000') }.joinToString("")
