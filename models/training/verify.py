"""Checks that the model files, the manifest and the cards say the same, that nothing is left over, and that the inputs and outputs are as agreed.

    python verify.py        prints what disagrees; the exit status is 1 if anything does
"""
import hashlib
import json
import sys

import shipped
import tone_contract
from evaluate import session_of
from receptive_field import measure

CONTRACT = {
    "upscale": ({"photo": [1, 3, None, None]}, {"result": [1, 3, None, None]}),
    "restore": ({"photo": [1, 3, None, None]}, {"residuals": [1, 6, None, None]}),
    "tone": ({"thumbnail": [1, 3, 64, 64], "statistics": [1, 71]}, {"curves": [1, 3, 17], "matrix": [1, 3, 3]}),
}


def shapes(arguments):
    return {each.name: [side if isinstance(side, int) else None for side in each.shape] for each in arguments}


def problems():
    entries = shipped.entries()
    for path in sorted(shipped.MODELS.glob("*.onnx")):
        if path.stem not in entries:
            yield f"{path.name} is not in the manifest"
    for model_id, entry in entries.items():
        path = shipped.MODELS / f"{model_id}.onnx"
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != entry["sha256"] or len(content) != entry["bytes"]:
            yield f"{model_id}: the file is not the manifest's"
        measured = shipped.read_measured(shipped.card_path(model_id).read_text(encoding="utf-8"))
        for field in shipped.FIELDS[1:]:
            if measured.get(field) != str(entry[field]):
                yield f"{model_id}: the card says {field} = {measured.get(field)}, the manifest {entry[field]}"
        session = session_of(path)
        if (shapes(session.get_inputs()), shapes(session.get_outputs())) != CONTRACT[entry["task"]]:
            yield f"{model_id}: inputs and outputs are not those of task {entry['task']}"
        if entry["task"] == "tone" and not tone_contract.same(json.loads(tone_contract.FILE.read_text()), tone_contract.vectors(path, entry["sha256"])):
            yield f"{model_id}: {tone_contract.FILE.name} is not this model's"
        if entry["task"] != "tone" and measure(path, entry["stride"]) != entry["receptive_field"]:
            yield f"{model_id}: the receptive field is not {entry['receptive_field']}"


def main():
    found = list(problems())
    print("\n".join(found) or "file, manifest and card agree for every model")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
