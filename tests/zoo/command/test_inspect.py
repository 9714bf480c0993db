def test_inspect(call, places):
    for kind, place in places.items():
        described = call.json("inspect", place)
        assert described["format"] == kind and described["bytes"] > 0
        status, out, err = call("inspect", place)
        assert status == 0 and err == "" and "bahdanau_seq2seq" in out


def test_nothing_to_inspect(refusal):
    assert "There is no nowhere" in refusal("inspect", "nowhere")
