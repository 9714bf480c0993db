"""The sentences of the corpus `spoken-en`, as a table to read and to add to.

A word in braces is a slot: of WORDS below, copied as it is, or of `slots.py`, written on the source side and spoken on
the target side. A digit stands for another thing of the same kind: `{name}` and `{name2}` are two names. Everything
else is copied. To add a sentence, add a row; no digit may stand outside a slot.
"""

# The keys are the kinds of `WEIGHTS` in `zoo.training.data.spoken`, in the same order; those of the kind "joined" are
# made of FRAGMENTS.
SENTENCES = {
    "plain": (
        "{name} lives in {place} with {name2}.",
        "{name} bought {thing} in {place}.",
        "{name} and {name2} are {doing}.",
        "Who gave {name} {thing}?",
        "I think {name} is {doing} near {place}.",
        "The {adjective} {animal} is looking at {thing}.",
        "It was a {adjective} day in {place}.",
        "Please bring {thing} to {name} on {weekday}.",
        "Does {name} like {food} and {food2}?",
        "{name} doesn't eat {food}, but {name2} does.",
        "On {weekday} we leave for {place}.",
        "{job} from {place} found {thing}.",
        "My {adjective} {animal} likes {food}.",
        "Two or three people were {doing}.",
        "{name}'s brother is {job_small} in {place}.",
        "We met {job_small} and his {adjective} {animal}.",
        "Everyone in {place} knows {name}!",
        "No, {name} has never seen {thing}.",
    ),
    "date": (
        "{date}",
        "{day}",
        "{place}, {date}",
        "{name} was born on {date}.",
        "{name} moved to {place} on {date}.",
        "The contract was signed on {date}.",
        "{name} bought {thing} on {date}.",
        "The museum in {place} opens on {date}.",
        "On {date}, {name} met {job_small}.",
        "The meeting is on {weekday}, {day}.",
        "We arrive on {day} and leave on {day2}.",
        "{name}'s birthday is {day}.",
        "From {day} to {day2} {name} is in {place}.",
        "Is the shop closed on {day}?",
        "This letter dates from {date}.",
        "{name} moved to {place} in {month} {year}.",
    ),
    "time": (
        "{time}",
        "at {time}",
        "The train to {place} leaves at {time}.",
        "{name} gets up at {time}.",
        "The film starts at {time} and ends at {time2}.",
        "We open from {time} to {time2}.",
        "Can you call {name} before {time}?",
        "On {weekday} {name} eats {food} at {time}.",
        "It is {time} in {place}.",
        "The doctor will see you at {time}.",
        "After {time} nobody is {doing}.",
    ),
    "year": (
        "in {year}",
        "{name} was born in {year}.",
        "The bridge in {place} was built in {year}.",
        "Since {year}, {name} has lived in {place}.",
        "The war of {years} changed everything.",
        "{name} ({years}) was {job_small} in {place}.",
        "By {year} the town was twice as large.",
        "The music of the {decade} was {adjective}.",
        "In the {decade} {name} sold {food} in {place}.",
        "Nobody remembers the winter of {year}.",
        "The {year} {singular} was {adjective}.",
        "Between {year} and {year2} {job_small} lived here.",
    ),
    "number": (
        "{count}",
        "{count} {plural}",
        "There are {count} {plural} in {place}.",
        "{name} has {count} {plural}.",
        "The answer is {decimal}.",
        "Pi is about {decimal}, said {name}.",
        "Room {small} is next to room {small2}.",
        "Read page {small} and page {small2}.",
        "Read pages {range} before {weekday}.",
        "{name} needs {range} {plural}.",
        "{place} won {score} against {place2}.",
        "The town has {count} inhabitants.",
        "Bus {small} goes to {place}.",
        "About {count} people were {doing}.",
        "Nearly {fraction} of the {plural} were {adjective}.",
        "{name} has {aged} {animal}.",
        "See {numbered} on the list.",
        "{count} {plural} and {count2} {plural2}",
    ),
    "ordinal": (
        "the {ordinal} {singular}",
        "{name} came {ordinal} in the race.",
        "This is {name}'s {ordinal} {singular}.",
        "The shop is on the {ordinal} floor.",
        "It was the {ordinal} time that {name} was {doing}.",
        "{name} lives on {ordinal} Street in {place}.",
        "The {ordinal} and the {ordinal2} {singular} are {adjective}.",
    ),
    "price": (
        "{price}",
        "{thing} for {price}",
        "{name} paid {price} for {thing}.",
        "A bag of {food} costs {price}.",
        "A ticket to {place} costs {price}.",
        "{name} paid with {worth}.",
        "It costs {price}, not {price2}.",
        "{name} owes {name2} {price}.",
        "Prices range from {price} to {price2}.",
        "Can I have {food} for {price}?",
        "The house was sold for {price}.",
        "The house was sold for {millions}.",
        "The bridge in {place} cost {millions}, not {millions2}.",
    ),
    "percent": (
        "{percent}",
        "{percent} of the {plural} are {adjective}.",
        "In {place}, prices rose by {percent}.",
        "The share fell from {percent} to {percent2}.",
        "{name} wants a discount of {percent}.",
        "Only {percent} of people like {food}.",
    ),
    "quantity": (
        "{length}",
        "{weight} of {food}",
        "{place} is {distance} from {place2}.",
        "{name} needs {sized} in {place}.",
        "The {singular} is {length} long and {length2} wide.",
        "{name} bought {weight} of {food}.",
        "Add {volume} of water and {weight} of {food}.",
        "The garden measures {area}.",
        "The train was going at {speed}.",
        "It is {temperature} in {place}.",
        "Bake it at {oven} for {duration}.",
        "The file is {memory}.",
        "The lamp needs {power}.",
        "{name} ran {distance} in {duration}.",
        "The {animal} weighs {weight}.",
    ),
    "phone": (
        "{phone}",
        "Call {phone}.",
        "{name}'s number is {phone}.",
        "Please call {name} at {phone} before {weekday}.",
        "The phone number of the hotel in {place} is {phone}.",
    ),
    "name": (
        "{titled} lives in {place}.",
        "{titled} and {titled2} were {doing}.",
        "Please give {thing} to {titled}.",
        "{monarch} never visited {place}.",
        "The king was {monarch}.",
        "See {part}.",
        "{name} has read {part} and {part2}.",
    ),
    "several": (
        "On {date} at {time}, {name} paid {price} for {thing}.",
        "On {date}, {titled} bought {count} {plural} for {price}.",
        "The {clock} train reaches {place}, {distance} away, at {time}.",
        "{weight} of {food} costs {price} in {place}.",
        "In {year}, {percent} of the {plural} came from {place}.",
        "The {ordinal} meeting is on {day} at {time} in room {small}.",
        "{name} was born in {year} and came {ordinal} in {year2}.",
        "Call {titled} at {phone} before {time}.",
        "It was {temperature} at {time} on {day}.",
    ),
    "text": (
        "{words}",
        "{words}.",
        "{words}!",
        "{words}?",
        "{words}, {words2}.",
        "{words}: {words2}.",
        "{words}; {words2}.",
        "{words} ({words2})",
        '"{words}" {words2}.',
        '{words} "{words2}"',
        "{words} “{words2}”.",
        "{words} – {words2}.",
        "{words} - {words2}",
        "{words}...",
        "{words} {date}",
        "{words} on {date} {words2}.",
        "{date}: {words}",
        "{words} {day} {words2}.",
        "On {weekday}, {day}, {words}.",
        "{words} {time} {words2}.",
        "{words} at {time}.",
        "{words} in {year} {words2}.",
        "{words} {month} {year}.",
        "In {year}, {words}.",
        "{words} in the {decade}.",
        "{words} {count} {words2}.",
        "{words} {small}",
        "{words} {decimal} {words2}.",
        "{words} {numbered}",
        "{words} the {ordinal} {words2}.",
        "{words} {price}",
        "{words} {price} {words2}.",
        "{words} {millions} {words2}.",
        "{words} {percent} {words2}.",
        "{words} {length} {words2}.",
        "{words} {distance} {words2}.",
        "{words} {weight} {words2}.",
        "{words} {speed}.",
        "{words} {duration} {words2}.",
        "{words} {temperature} {words2}.",
        "{words} {memory}",
        "{words} {phone}.",
        "{words} {titled} {words2}.",
        "{titled}: {words}",
        "{monarch} {words}.",
        "{words} {monarch} {words2}.",
        "{words} {part} {words2}.",
        "{words} {short} {words2}.",
        "{words} {sized} {words2}.",
        "{words} {worth} {words2}.",
        "{words} {fraction} {words2}.",
    ),
}

# Parts of joined sentences, in any order, with what stands between and behind them: "Dr. Lee paid $3.50 on 6/24/2002."
FRAGMENTS = (
    *("{name}", "{titled}", "{name} and {name2}", "{titled} and {titled2}", "we", "they", "{job_small}"),
    *("the {animal}", "{few}", "{few}", "{few}", "{few}", "{words}", "{thing}", "{food}", "{doing}", "in {place}"),
    *("to {place}", "{few} {short} {few2}", "{name} {short} {name2}", "bought {thing}", "paid {price}"),
    *("sold it for {price}", "{thing} for {price}", "costs {price}", "{price}", "{price}", "{price} for {food}"),
    *("{millions}", "for {millions}", "{percent}", "by {percent}", "{percent} of them", "on {date}", "on {date}"),
    *("{date}", "{date}", "before {date}", "on {day}", "on {day}", "{day}", "until {day}", "on {weekday}, {day}"),
    *("on {weekday}", "at {time}", "at {time}", "{time}", "until {time}", "from {time} to {time2}", "in {year}"),
    *("in {year}", "since {year}", "in the {decade}", "({years})", "from {years}", "born in {year}", "{year}"),
    *("the {year} {singular}", "in {month} {year}", "{month} {year}", "{aged} {animal}", "{sized}", "{worth}"),
    *("{fraction} of them", "the {clock} train", "{count} {plural}", "{count} {plural}", "{count} {few}"),
    *("about {count}", "{small}", "room {small}", "page {small}", "pages {range}", "{range} {plural}", "{score}"),
    *("{numbered}", "{decimal}", "is {decimal}", "at {decimal}", "the {ordinal}", "the {ordinal} {singular}"),
    *("came {ordinal}", "{length} long", "{length}", "{distance} away", "{distance}", "{weight}", "{weight} of {food}"),
    *("weighs {weight}", "{volume} of {food}", "{area}", "at {speed}", "{speed}", "in {duration}", "for {duration}"),
    *("{duration}", "{temperature}", "at {temperature}", "at {oven}", "{memory}", "{power}", "{phone}", "at {phone}"),
    *("call {phone}", "{monarch}", "by {monarch}", "{part}", "in {part}"),
)
LINKS = (*(" ",) * 14, *(", ",) * 5, " and ", " and ", " or ", ". ", ". ", ". ", ". ", "? ", "! ", "; ", ": ")
ENDS = (".", ".", ".", ".", ".", "!", "?", "", "", "")

WORDS = {
    "name": (
        *("Adam", "Alice", "Amir", "Anna", "Ben", "Carla", "Chloe", "Clara", "Daniel", "David", "Elena", "Emma"),
        *("Eric", "Fatima", "Felix", "Grace", "Hannah", "Hugo", "Ibrahim", "Ingrid", "Jack", "Julia", "Karim", "Kate"),
        *("Laura", "Leo", "Lily", "Lucas", "Maria", "Mark", "Martin", "Maya", "Nadia", "Nina", "Noah", "Oliver"),
        *("Oscar", "Paul", "Peter", "Rosa", "Ruth", "Samuel", "Sara", "Sofia", "Thomas", "Tom", "Vera", "Victor"),
    ),
    "surname": (
        *("Adams", "Baker", "Brown", "Carter", "Clark", "Cooper", "Davis", "Evans", "Fisher", "Garcia", "Green"),
        *("Hall", "Hill", "Jackson", "Kim", "King", "Lee", "Lopez", "Miller", "Moore", "Murphy", "Parker", "Reed"),
        *("Scott", "Smith", "Taylor", "Turner", "Walker", "White", "Young"),
    ),
    "place": (
        *("Amsterdam", "Athens", "Atlanta", "Berlin", "Boston", "Cairo", "Chicago", "Dallas", "Denver", "Dublin"),
        *("Florence", "Geneva", "Glasgow", "Hamburg", "Helsinki", "Houston", "Kyoto", "Lagos", "Lima", "Lisbon"),
        *("London", "Madrid", "Miami", "Milan", "Montreal", "Nairobi", "New York", "Oslo", "Paris", "Prague"),
        *("Rome", "San Francisco", "Seattle", "Seoul", "Sydney", "Tokyo", "Toronto", "Vienna", "Warsaw", "Zurich"),
    ),
    "thing": (
        *("a bicycle", "a blue lamp", "a book", "a bottle of oil", "a box of nails", "a camera", "a clock", "a coat"),
        *("a fountain pen", "a green chair", "a guitar", "a hammer", "a hat", "a kettle", "a ladder", "a mirror"),
        *("a pair of shoes", "a phone", "a piano", "a radio", "a red scarf", "a sofa", "a suitcase", "a table"),
        *("a tent", "a wooden spoon", "an old map", "an umbrella", "some flowers", "the keys"),
    ),
    "food": (
        *("apple juice", "beans", "bread", "butter", "carrots", "cheese", "chocolate", "coffee", "fish", "flour"),
        *("goat cheese", "honey", "ice cream", "milk", "olives", "onions", "pasta", "potatoes", "rice", "salt"),
        *("soup", "sugar", "tea", "tomatoes"),
    ),
    "animal": ("bear", "cat", "cow", "dog", "donkey", "duck", "goat", "horse", "mouse", "owl", "parrot", "rabbit"),
    "adjective": (
        *("beautiful", "big", "bright", "cheap", "cold", "dark", "famous", "friendly", "heavy", "lovely"),
        *("new", "noisy", "quiet", "small", "strange", "sunny", "tired", "white"),
    ),
    "doing": (
        *("building a boat", "cooking dinner", "dancing", "feeding the birds", "fixing the car", "learning to swim"),
        *("looking for work", "painting the door", "playing cards", "reading the newspaper", "singing in the kitchen"),
        *("sleeping", "talking about music", "waiting for the bus", "walking in the park", "writing a letter"),
    ),
    "job": ("A baker", "A farmer", "A nurse", "A painter", "A pilot", "A teacher", "An actor", "An engineer"),
    "job_small": (
        *("a baker", "a carpenter", "a farmer", "a judge", "a nurse", "a painter", "a pilot", "a poet", "a sailor"),
        *("a teacher", "an actor", "an architect", "an engineer"),
    ),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "month": (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
        *("November", "December"),
    ),
    "singular": (
        *("bridge", "building", "concert", "door", "film", "house", "letter", "novel"),
        *("room", "street", "tower"),
    ),
    "plural": (
        *("apples", "birds", "books", "bottles", "boxes", "cars", "chairs", "coins", "eggs", "houses", "letters"),
        *("people", "pictures", "stamps", "stars", "students", "tickets", "trees", "visitors", "windows"),
    ),
}

# Words of running text; the made-up ones are built from them.
COMMON = """
about above across after again against ago all almost alone along already also always among and another answer any
anyone arm around as asked away baby back bad bag ball bank be beach because become bed been before began behind believe
below best better between black board boat body both bottom boy brain bread break bring brother brought build burn
business but buy by call came can capital captain care carry case catch caught cause center certain chance change check
child children choose circle city class clean clear climb close cloud coast collect color come common company complete
consider control cook cool copy corn corner could country course cover create cross crowd cry cut daughter dead deal
decide deep degree describe desert design did die different dinner direct discover dish distant divide do doctor dollar
don't done down draw dream dress drink drive drop dry during dust each early earth east easy eat edge eight either
electric else end enemy energy engine enough enter equal even evening ever every everything exact example except excite
expect explain eye face fact fair fall family far farm fast father favor fear feel feet fellow felt few field fight
figure fill final find fine finger finish fire first fish fit flat floor flow flower fly follow food foot for force
forest forget form forward found free fresh friend from front fruit full fun future game garden gave general get girl
give glad glass go gold gone good got govern grand grass gray great ground group grow guess guide had hair half hand
happen happy hard has have he head hear heart heat held help her here high him his history hit hold hole home hope hot
hour how huge human hundred hunt hurry I idea if imagine important in inch include indeed industry insect inside instead
interest iron island isn't it it's job join joy jump just keep kept key kill kind knew know lady lake land language
large last late laugh law lay lead learn least leave led left leg length less let level lie life lift light like line
list listen little live locate log long look lost lot loud love low machine made main make man many map mark market mass
master match matter maybe me mean measure meat meet melody men metal middle might mile mind mine minute miss mix modern
moment money month moon more morning most mother motion mountain mouth move much music must my name nation natural near
necessary neck need neighbor never new next night no noise none noon nor north nose not note nothing notice noun now
object observe occur ocean of off offer office often oil old once one only open opposite or orange order original other
our out over own page paint pair paper parent party pass past path pattern pay perhaps period person phrase pick picture
piece place plain plan plane planet plant play please point poor populate position possible post pound power practice
prepare present press pretty print probable problem process produce product promise proper property protect prove
provide pull push put question quick quiet quite quotient rail rain raise ran range rather reach read ready real reason
receive record region remember repeat reply represent require rest result rich ride right ring rise river road rock roll
roof root rope round row rub rule run safe said sail same sand sat save saw say school science score sea search season
seat second section see seed seem segment select self sell send sense sent sentence separate serve set settle seven
several shall shape share sharp she sheet shell shine ship shoe shop shore short should shoulder shout show side sight
sign silent silver similar simple since sister sit six size skill skin sky sleep slip slow small smell smile smooth snow
so social soft soil soldier solution solve some son song soon sound south space speak special speech speed spell spend
spoke spot spread spring square stand star start state station stay steam steel step stick still stone stood stop store
story straight strange stream street stretch string strong student study subject substance success such sudden suffix
sugar suggest suit summer sun supply support sure surface surprise swim syllable symbol system table tail take talk tall
teach team teeth tell temperature ten term test than thank that the their them then there these they thick thin thing
think third this those though thought thousand three through throw thus tie time tiny to together told tone too took
tool top total touch toward town track trade train travel tree triangle trip trouble truck true try tube turn twenty two
type under unit until up us use usual valley value vary verb very view village visit voice vowel wait walk wall want war
warm was wash watch water wave way we wear weather week weight well went were west what wheel when where whether which
while who whole whose why wide wife wild will win wind window wing winter wire wish with woman won't wonder wood word
work world would write written wrong yard year yellow yes yet you young your zero
""".split()
