"""The sentences of the corpus `numbers-fr-en`, as a table to read and to add to.

A row is (French, English). A word in braces is a slot, filled on both sides with the same thing; the functions that
fill slots are in `slots.py`. A digit stands for another thing of the same kind: `{country}` and `{country2}` are two
different countries. A dot stands for a grammatical form: the French article in `{country.le}` (le Japon, l'Italie,
Cuba), `.de` (du Japon, d'Italie, de Cuba), `.to` (au Japon, en Italie, à Cuba) and the plural in `.many`.

To add a sentence, add a row. Every French phrase must have ONE right English rendering, and no row may give a French
phrase that another row renders in another way (`tests/training/data/test_numbers.py` checks it).
"""

# How often each kind is drawn; the keys of PHRASES in the same order.
WEIGHTS = {
    "number": 14,
    "ordinal": 6,
    "date": 13,
    "time": 12,
    "year": 8,
    "price": 12,
    "quantity": 14,
    "country": 10,
    "language": 5,
    "currency": 6,
}

PHRASES = {
    "number": (
        ("{number}", "{number}"),
        ("le numéro {place}", "number {place}"),
        ("Comptez jusqu'à {number}.", "Count to {number}."),
        ("Elle a dit {number}.", "She said {number}."),
        ("Le code est {number}.", "The code is {number}."),
        ("page {place}", "page {place}"),
        ("la chambre {place}", "room {place}"),
        ("{hundred} plus {hundred2}", "{hundred} plus {hundred2}"),
        ("{hundred} moins {hundred2}", "{hundred} minus {hundred2}"),
        ("{hundred} fois {hundred2}", "{hundred} times {hundred2}"),
        ("{hundred} pour cent", "{hundred} percent"),
    ),
    "ordinal": (
        ("{rank.le}", "the {rank}"),
        ("C'est {rank.le}.", "This is the {rank}."),
        ("Voici {rank.le}.", "Here is the {rank}."),
        ("avant {rank.le}", "before the {rank}"),
        ("après {rank.le}", "after the {rank}"),
        ("depuis {rank.le}", "since the {rank}"),
        ("Il attend {rank.le}.", "He is waiting for the {rank}."),
        ("Elle a oublié {rank.le}.", "She forgot the {rank}."),
    ),
    "date": (
        ("le {date}", "{date}"),
        ("le {weekday_date}", "{weekday_date}"),
        ("le {spelled_day}", "{spelled_day}"),
        ("Paris, le {date}", "Paris, {date}"),
        ("Elle est née le {date}.", "She was born on {date}."),
        ("Il est mort le {date}.", "He died on {date}."),
        ("Le contrat a été signé le {date}.", "The contract was signed on {date}."),
        ("Cette lettre date du {date}.", "This letter dates from {date}."),
        ("C'était le {weekday_date}.", "It was {weekday_date}."),
        ("Ils se sont mariés le {spelled_day}.", "They got married on {spelled_day}."),
        ("Nous partirons le {day}.", "We will leave on {day}."),
        ("Le musée sera fermé le {day}.", "The museum will be closed on {day}."),
        ("du {day} au {day2}", "from {day} to {day2}"),
        ("avant le {date}", "before {date}"),
    ),
    "time": (
        ("à {time}", "at {time}"),
        ("Il est {time}.", "It is {time}."),
        ("vers {time}", "around {time}"),
        ("avant {time}", "before {time}"),
        ("{weekday} à {time}", "{weekday} at {time}"),
        ("Le train part à {time}.", "The train leaves at {time}."),
        ("L'avion atterrit à {time}.", "The plane lands at {time}."),
        ("Le magasin ferme à {time}.", "The store closes at {time}."),
        ("La réunion commence à {time}.", "The meeting starts at {time}."),
        ("Réveille-moi à {time}.", "Wake me up at {time}."),
        ("de {clock} à {clock2}", "from {clock} to {clock2}"),
    ),
    "year": (
        ("en {year}", "in {year}"),
        ("depuis {year}", "since {year}"),
        ("l'an {year}", "the year {year}"),
        ("en {month} {year}", "in {month} {year}"),
        ("au printemps {year}", "in the spring of {year}"),
        ("à l'automne {year}", "in the fall of {year}"),
        ("Elle est née en {year}.", "She was born in {year}."),
        ("Il est mort en {year}.", "He died in {year}."),
        ("Cette église date de {year}.", "This church dates from {year}."),
        ("La guerre a pris fin en {year}.", "The war ended in {year}."),
        ("de {years}", "from {years}"),
    ),
    "price": (
        ("{price}", "{price}"),
        ("Cela fait {price}.", "That comes to {price}."),
        ("moins de {price}", "less than {price}"),
        ("Le billet coûte {price}.", "The ticket costs {price}."),
        ("une remise de {price}", "a discount of {price}"),
        ("une facture de {price}", "a bill of {price}"),
        ("J'ai payé {item} {price}.", "I paid {price} for {item}."),
        ("Elle a vendu {item} {price}.", "She sold {item} for {price}."),
        ("Il a acheté {item} pour {price}.", "He bought {item} for {price}."),
        ("Elle me doit {price}.", "She owes me {price}."),
    ),
    "quantity": (
        ("{things}", "{things}"),
        ("Il a vu {things}.", "He saw {things}."),
        ("Nous avons acheté {things}.", "We bought {things}."),
        ("Il y a {things} dans la rue.", "There are {things} in the street."),
        ("{portion}", "{portion}"),
        ("Ajoutez {portion}.", "Add {portion}."),
        ("Il nous faut {portion}.", "We need {portion}."),
        ("La boîte contient {portion}.", "The box contains {portion}."),
        ("Le colis pèse {weight}.", "The parcel weighs {weight}."),
        ("à {length} de la gare", "{length} from the station"),
        ("Le mur mesure {length}.", "The wall measures {length}."),
        ("pendant {duration}", "for {duration}"),
        ("dans {duration}", "in {duration}"),
        ("il y a {duration}", "{duration} ago"),
        ("Elle est partie il y a {duration}.", "She left {duration} ago."),
    ),
    "country": (
        ("Elle vient {country.de}.", "She comes from {country}."),
        ("Ils vivent {country.to}.", "They live in {country}."),
        ("Elle connaît bien {country.le}.", "She knows {country} well."),
        ("Nous allons {country.de} {country2.to}.", "We are going from {country} to {country2}."),
        ("Il a quitté {country.le} pour {country2.le}.", "He left {country} for {country2}."),
        ("J'ai visité {country.le} et {country2.le}.", "I visited {country} and {country2}."),
        ("Nous passerons {stay} {country.to}.", "We will spend {stay} in {country}."),
        ("Ils ont vécu {stay} {country.to}.", "They lived in {country} for {stay}."),
    ),
    "language": (
        ("Parlez-vous {language} ?", "Do you speak {language}?"),
        ("Elle parle {language} et {language2}.", "She speaks {language} and {language2}."),
        ("traduit {language.de} en {language2}", "translated from {language} into {language2}"),
        ("Ils apprennent {language.le} {country.to}.", "They are learning {language} in {country}."),
        ("ce vieux texte {language}", "this old {language} text"),
        ("Que veut dire ce mot {language} ?", "What does this {language} word mean?"),
        ("Il passe {language.de} {language2.to}.", "He switches from {language} to {language2}."),
    ),
    "currency": (
        ("{sum}", "{sum}"),
        ("Il a changé {sum}.", "He exchanged {sum}."),
        ("Elle a trouvé {sum}.", "She found {sum}."),
        ("une amende de {sum}", "a fine of {sum}"),
        ("Combien vaut {currency.le} ?", "How much is the {currency} worth?"),
        ("le cours {currency.de}", "the {currency} rate"),
        (
            "Aujourd'hui, {currency.le} a baissé face {currency2.to}.",
            "Today the {currency} fell against the {currency2}.",
        ),
        ("changer des {currency.many} en {currency2.many}", "to change {currency.many} into {currency2.many}"),
    ),
}

# French plural, gender, English plural.
THINGS = (
    ("voitures", "f", "cars"),
    ("maisons", "f", "houses"),
    ("chaises", "f", "chairs"),
    ("fleurs", "f", "flowers"),
    ("robes", "f", "dresses"),
    ("portes", "f", "doors"),
    ("vélos", "m", "bicycles"),
    ("chats", "m", "cats"),
    ("chapeaux", "m", "hats"),
    ("bateaux", "m", "boats"),
    ("parapluies", "m", "umbrellas"),
    ("stylos", "m", "pens"),
)

# French masculine plural, feminine plural, English. A French colour follows its noun, an English one precedes it.
COLOURS = (
    ("rouges", "rouges", "red"),
    ("bleus", "bleues", "blue"),
    ("verts", "vertes", "green"),
    ("blancs", "blanches", "white"),
    ("noirs", "noires", "black"),
    ("jaunes", "jaunes", "yellow"),
    ("gris", "grises", "gray"),
)

# French with its "de", English.
FOODS = (
    ("de sucre", "sugar"),
    ("de farine", "flour"),
    ("de riz", "rice"),
    ("de pommes", "apples"),
    ("de fromage", "cheese"),
    ("d'oranges", "oranges"),
    ("de tomates", "tomatoes"),
    ("d'eau", "water"),
)

ITEMS = (
    ("ce livre", "this book"),
    ("cette montre", "this watch"),
    ("ce manteau", "this coat"),
    ("cette lampe", "this lamp"),
    ("ce téléphone", "this phone"),
    ("cette table", "this table"),
    ("ce tableau", "this painting"),
    ("cette guitare", "this guitar"),
)

# What an ordinal counts: French, gender, English.
RANKED = (
    ("cours", "m", "lecture"),
    ("jour", "m", "day"),
    ("chapitre", "m", "chapter"),
    ("essai", "m", "attempt"),
    ("client", "m", "customer"),
    ("page", "f", "page"),
    ("semaine", "f", "week"),
    ("question", "f", "question"),
    ("lettre", "f", "letter"),
    ("réunion", "f", "meeting"),
)
