"""The sentences of the corpus `spoken-fr`, as a table to read and to add to.

A word in braces is a slot: of WORDS below, copied as it is, or of `slots.py`, written on the source side and spoken on
the target side. A digit stands for another thing of the same kind: `{name}` and `{name2}` are two names. Everything
else is copied. To add a sentence, add a row; no digit may stand outside a slot. Nothing stands before `{name}` that
would elide ("de", "que"); every `{place}` and `{food}` begins with a consonant.
"""

# The keys are the kinds of `WEIGHTS` in `zoo.training.data.spoken`, in the same order; those of the kind "joined" are
# made of FRAGMENTS.
SENTENCES = {
    "plain": (
        "{name} habite à {place} avec {name2}.",
        "{name} a acheté {thing} à {place}.",
        "{name} et {name2} vont {doing}.",
        "Qui a laissé {thing} à {place} ?",
        "Je crois avoir vu {thing} à {place}.",
        "{animal} regarde {thing} et {thing2}.",
        "Il fait très {weather} à {place}, dit {name}.",
        "Apportez {thing} à {name} {weekday}, s'il vous plaît.",
        "{name} mange {dish} ?",
        "{name} apporte {dish} et {name2} apporte {thing}.",
        "Nous partons {weekday} pour {place} avec {name}.",
        "À {place}, {job} a trouvé {thing}.",
        "{animal} mange {dish} à {place}.",
        "Deux ou trois personnes voulaient {doing} à {place}.",
        "Mon frère préfère {doing} avec {name}.",
        "Nous avons vu {job} près de {place}.",
        "Tout le monde à {place} connaît {name} !",
        "Non, {name} a déjà acheté {thing}.",
    ),
    "date": (
        "le {date}",
        "le {day}",
        "{place}, le {date}",
        "{name} a vu le jour le {date}.",
        "Le contrat a été signé le {date}.",
        "{name} a déménagé à {place} le {date}.",
        "Le {date}, {name} a rencontré {job}.",
        "La réunion aura lieu {weekday} {day}.",
        "Nous arrivons le {day} et repartons le {day2}.",
        "L'anniversaire tombe le {day}.",
        "Du {day} au {day2}, {name} est à {place}.",
        "Le magasin est-il fermé le {day} ?",
        "Cette lettre date du {date}.",
        "Le musée de {place} ouvre le {date}.",
        "{name} a acheté {thing} le {date}.",
        "{name} a déménagé à {place} en {month} {year}.",
    ),
    "time": (
        "{time}",
        "à {time}",
        "Le train pour {place} part à {time}.",
        "{name} se lève à {time}.",
        "Le film commence à {time} et finit à {time2}.",
        "Nous sommes ouverts de {span} à {time}.",
        "Pouvez-vous appeler {name} avant {time} ?",
        "Le {weekday}, {name} mange {dish} à {time}.",
        "Il est {time} à {place}.",
        "Le médecin vous attend à {time}.",
        "Le voyage dure {time}.",
    ),
    "year": (
        "en {year}",
        "{name} a vu le jour en {year}.",
        "Le pont de {place} a été construit en {year}.",
        "Depuis {year}, {name} vit à {place}.",
        "La guerre de {years} a tout changé.",
        "{name} ({years}) vivait à {place}.",
        "La musique des années {decade} est très belle.",
        "Dans les années {decade}, {name} vendait {dish} à {place}.",
        "Personne n'a oublié l'hiver {year}.",
        "Entre {year} et {year2}, {job} vivait ici.",
        "Cette église date du {century}.",
        "Au {century}, {place} était une petite ville.",
    ),
    "number": (
        "{count}",
        "{counted}",
        "{tally} {few}",
        "Il y a {counted} à {place}.",
        "{name} possède {counted}.",
        "La réponse est {decimal}.",
        "Pi vaut environ {decimal}, dit {name}.",
        "La chambre {rank} est à côté de la chambre {rank2}.",
        "Lisez la page {rank} et la page {rank2}.",
        "Lisez les pages {range} avant {weekday}.",
        "{place} a gagné {score} contre {place2}.",
        "La ville a {count} habitants.",
        "La ville a {large} d'habitants.",
        "Le bus {rank} va à {place}.",
        "Environ {counted} et {counted2}.",
        "Voir le {numbered} de la liste.",
        "{name} a eu {mark} en musique.",
        "{name} habite au {rank}, rue de {place}.",
    ),
    "ordinal": (
        "le {ordinal} {masculine}",
        "la {ordinal_feminine} {feminine}",
        "{name} a fini à la {ordinal_feminine} place.",
        "C'est le {ordinal} {masculine} cette année.",
        "C'est la {ordinal_feminine} {feminine} à droite.",
        "Le magasin est au {ordinal} étage.",
        "C'était la {ordinal_feminine} fois.",
        "{name} attend la {ordinal_feminine} {feminine} et le {ordinal} {masculine}.",
    ),
    "price": (
        "{price}",
        "{thing} pour {price}",
        "{name} a payé {price} pour {thing}.",
        "Le billet pour {place} coûte {price}.",
        "Cela coûte {price} et non {price2}.",
        "{name} doit {price} à {name2}.",
        "Les prix vont de {price} à {price2}.",
        "Puis-je avoir {dish} pour {price} ?",
        "La maison a été vendue {price}.",
        "La maison a été vendue {millions}.",
        "Le pont de {place} a coûté {millions} et non {millions2}.",
        "Avec {price}, on achète {thing}.",
    ),
    "percent": (
        "{percent}",
        "{percent} des {masculine}s sont à vendre.",
        "À {place}, les prix ont augmenté de {percent}.",
        "La part est passée de {percent} à {percent2}.",
        "{name} demande une remise de {percent}.",
        "{percent} des gens, dit-on, aiment {doing}.",
    ),
    "quantity": (
        "{length}",
        "{weight} de {food}",
        "{place} est à {distance} de {place2}.",
        "Ce mur fait {length} de long et {length2} de large.",
        "{name} a acheté {weight} de {food}.",
        "Ajoutez {volume} d'eau et {weight} de {food}.",
        "Le jardin mesure {area}.",
        "Le train roulait à {speed}.",
        "Il fait {temperature} à {place}.",
        "Faites cuire à {oven} pendant {duration}.",
        "Le fichier fait {memory}.",
        "La lampe consomme {power}.",
        "{name} a couru {distance} en {duration}.",
        "{animal} pèse {weight}.",
    ),
    "phone": (
        "{phone}",
        "Appelez le {phone}.",
        "Le numéro pour joindre {name} est le {phone}.",
        "Appelez {name} au {phone} avant {weekday}.",
        "Le numéro de l'hôtel de {place} est le {phone}.",
    ),
    "name": (
        "{titled} habite à {place}.",
        "{titled} et {titled2} vont {doing}.",
        "Le {doctor} habite à {place}.",
        "Prenez rendez-vous avec le {doctor} le {day} à {time}.",
        "Donnez {thing} au {doctor}.",
        "Appelez le {doctor} au {phone}.",
        "{name} vivait sous la {republic}.",
        "Donnez {thing} à {titled}.",
        "{monarch} n'a jamais vu {place}.",
        "Le roi était {monarch}.",
        "Voir {part}.",
        "{name} a lu le {part} et le {part2}.",
    ),
    "several": (
        "Le {date} à {time}, {name} a payé {price} pour {thing}.",
        "Le {date}, {titled} a acheté {counted} pour {price}.",
        "Le train de {span} arrive à {place}, à {distance} d'ici, à {time}.",
        "On vend {weight} de {food} {price} à {place}.",
        "En {year}, {percent} des habitants venaient de {place}.",
        "La {ordinal_feminine} réunion a lieu le {day} à {time}, salle {rank}.",
        "{name} a vu le jour en {year} et a fini à la {ordinal_feminine} place en {year2}.",
        "Appelez {titled} au {phone} avant {time}.",
        "Il faisait {temperature} à {time} le {day}.",
    ),
    "text": (
        "{words}",
        "{words}.",
        "{words} !",
        "{words} ?",
        "{words}, {words2}.",
        "{words} : {words2}.",
        "{words} ; {words2}.",
        "{words} ({words2})",
        "« {words} » {words2}.",
        '"{words}" {words2}.',
        '{words} "{words2}"',
        "{words} “{words2}”.",
        "{words} – {words2}.",
        "{words} - {words2}",
        "{words}...",
        "{words} le {date}",
        "{words} le {date} {words2}.",
        "Le {date} : {words}",
        "{words} {day} {words2}.",
        "Le {weekday} {day}, {words}.",
        "{words} à {time} {words2}.",
        "{words} {time}.",
        "{words} en {year} {words2}.",
        "{words} {month} {year}.",
        "En {year}, {words}.",
        "{words} du {century} {words2}.",
        "{words} des années {decade}.",
        "{words} {counted} {words2}.",
        "{words} {tally} {words2}.",
        "{words} {large} de {words2}.",
        "{words} page {rank}",
        "{words} {decimal} {words2}.",
        "{words} {numbered}",
        "{words} le {ordinal} {masculine} {words2}.",
        "{words} la {ordinal_feminine} {feminine} {words2}.",
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
        "{titled} : {words}",
        "{monarch} {words}.",
        "{words} {monarch} {words2}.",
        "{words} {part} {words2}.",
        "{words} {short} {words2}.",
        "{words} le {doctor} {words2}.",
        "{words} la {republic} {words2}.",
        "{words} {mark} {words2}.",
    ),
}

# Parts of joined sentences, in any order, with what stands between and behind them: "Mme Leroy a payé 3,50 €."
FRAGMENTS = (
    *("{name}", "{titled}", "{name} et {name2}", "{titled} et {titled2}", "nous", "ils", "{job}", "{few}", "{few}"),
    *("{few}", "{few}", "{words}", "{thing}", "{dish}", "à {place}", "pour {place}", "de {place}", "pour {doing}"),
    *("{few} {short} {few2}", "{name} {short} {name2}", "a acheté {thing}", "a payé {price}", "vendu {price}"),
    *("{thing} pour {price}", "coûte {price}", "{price}", "{price}", "{price} pour {dish}", "{millions}"),
    *("pour {millions}", "{percent}", "de {percent}", "{percent} des gens", "le {date}", "le {date}", "le {date}"),
    *("avant le {date}", "du {date}", "le {day}", "le {day}", "jusqu'au {day}", "le {weekday} {day}", "le {weekday}"),
    *("à {time}", "à {time}", "{time}", "avant {time}", "de {span} à {time}", "en {year}", "en {year}"),
    *("depuis {year}", "dans les années {decade}", "({years})", "de {years}", "l'année {year}", "en {month} {year}"),
    *("{month} {year}", "{tally} ans", "{large} de personnes", "au {century}", "du {century}", "{counted}"),
    *("{counted}", "{tally} {few}", "{tally} {few}", "salle {rank}", "page {rank}", "au {rank}", "pages {range}"),
    *("{score}", "{numbered}", "{decimal}", "environ {decimal}", "le {ordinal}", "le {ordinal} {masculine}"),
    *("la {ordinal_feminine} {feminine}", "au {ordinal} étage", "{length} de long", "{length}", "à {distance} d'ici"),
    *("{distance}", "{weight}", "{weight} de {food}", "pèse {weight}", "{volume} d'eau", "{area}", "à {speed}"),
    *("{speed}", "en {duration}", "pendant {duration}", "{duration}", "{temperature}", "par {temperature}", "à {oven}"),
    *("{memory}", "{power}", "{phone}", "au {phone}", "appelez le {phone}", "{monarch}", "sous {monarch}"),
    *("le {doctor}", "au {doctor}", "sous la {republic}", "{mark}", "{part}", "le {part}"),
)
LINKS = (*(" ",) * 14, *(", ",) * 5, " et ", " et ", " ou ", ". ", ". ", ". ", ". ", " ? ", " ! ", " ; ", " : ")
ENDS = (".", ".", ".", ".", ".", " !", " ?", "", "", "")

WORDS = {
    "name": (
        *("Adrien", "Alice", "Amir", "Anaïs", "Anne", "Antoine", "Aurélie", "Benoît", "Camille", "Chloé", "Claire"),
        *("Clément", "David", "Denis", "Élise", "Emma", "Émile", "Fatima", "Félix", "François", "Gaëlle", "Hélène"),
        *("Hugo", "Inès", "Jacques", "Jeanne", "Julie", "Karim", "Laura", "Léa", "Louise", "Lucas", "Luc", "Manon"),
        *("Marc", "Marie", "Mathieu", "Nadia", "Noé", "Olivier", "Paul", "Pierre", "Rémi", "Rosa", "Sarah", "Sophie"),
        *("Thomas", "Zoé"),
    ),
    "surname": (
        *("Arnaud", "Bernard", "Blanc", "Bonnet", "Chevalier", "Dubois", "Dupont", "Durand", "Fabre", "Fontaine"),
        *("Garnier", "Girard", "Lambert", "Lefèvre", "Legrand", "Leroy", "Martin", "Mercier", "Michel", "Moreau"),
        *("Morel", "Perrin", "Petit", "Richard", "Rousseau", "Roux", "Simon", "Thomas", "Vidal", "Vincent"),
    ),
    "place": (
        *("Barcelone", "Berlin", "Besançon", "Bordeaux", "Brest", "Bruxelles", "Calais", "Dakar", "Dijon", "Dublin"),
        *("Genève", "Grenoble", "Lille", "Lisbonne", "Londres", "Lyon", "Madrid", "Marseille", "Metz", "Milan"),
        *("Montpellier", "Montréal", "Nancy", "Nantes", "Nice", "Nîmes", "Paris", "Perpignan", "Poitiers", "Prague"),
        *("Québec", "Reims", "Rennes", "Rome", "Rouen", "Strasbourg", "Toulouse", "Tours", "Varsovie", "Vienne"),
    ),
    "thing": (
        *("des fleurs", "la clé", "les lunettes", "un appareil photo", "un chapeau", "un fauteuil", "un livre"),
        *("un manteau", "un marteau", "un miroir", "un parapluie", "un piano", "un stylo", "un tapis rouge"),
        *("un vélo", "un vieux coffre", "une boîte", "une carte", "une chaise", "une échelle", "une écharpe bleue"),
        *("une guitare", "une horloge", "une lampe", "une montre", "une radio", "une table", "une tente", "une valise"),
    ),
    "dish": (
        *("de la confiture", "de la soupe", "des carottes", "des fraises", "des haricots verts", "des olives"),
        *("des pâtes", "des tomates", "du beurre", "du chocolat", "du fromage", "du gâteau", "du miel", "du pain"),
        *("du poisson", "du riz"),
    ),
    "food": (
        *("beurre", "café", "carottes", "chocolat", "farine", "fraises", "fromage", "miel", "pain", "poires"),
        *("poisson", "pommes", "riz", "sel", "sucre", "tomates"),
    ),
    "animal": (
        *("Le chat", "Le chien", "Le cheval", "Le lapin", "Le perroquet", "La chèvre", "La souris", "La vache"),
        *("L'âne", "L'ours", "L'oie", "Un petit renard"),
    ),
    "doing": (
        *("apprendre à nager", "attendre le bus", "chanter dans la cuisine", "danser", "dormir", "écrire une lettre"),
        *("jouer aux cartes", "lire le journal", "marcher dans la forêt", "peindre la porte", "préparer le dîner"),
        *("regarder la mer", "réparer la voiture", "travailler au jardin"),
    ),
    "job": (
        *("un acteur", "un boulanger", "un médecin", "un menuisier", "un peintre", "un pilote", "un professeur"),
        *("une architecte", "une infirmière", "une juge", "une marchande", "une voisine"),
    ),
    "weather": ("beau", "bon", "chaud", "doux", "froid", "gris", "humide", "mauvais", "sec", "sombre"),
    "weekday": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "month": (
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"),
        *("novembre", "décembre"),
    ),
    "masculine": ("appartement", "billet", "concert", "film", "livre", "message", "roman", "train"),
    "feminine": ("chanson", "fenêtre", "lettre", "maison", "page", "place", "porte", "rue", "salle", "voiture"),
}

# Things to count, and whether they are feminine.
COUNTED = dict.fromkeys(
    """
    années bouteilles cartes chaises chambres chansons femmes fenêtres feuilles filles fleurs fois heures journées
    lettres maisons minutes nuits pages personnes photos pièces places pommes portes questions robes secondes
    semaines tables tasses tonnes villes voitures écoles églises équipes étoiles
    """.split(),
    True,
) | dict.fromkeys(
    """
    ans arbres bateaux billets cafés chats chiens clients enfants garçons habitants hommes jours kilos livres
    messages mois mots mètres oiseaux points tableaux tickets timbres trains verres visiteurs vélos élèves étages
    œufs
    """.split(),
    False,
)

# Words of running text; the made-up ones are built from them.
COMMON = """
abord accord acheter actif afin agir ai aider ailleurs aimer ainsi air aller alors ami amour ancien année apporter
apprendre après arbre argent arrêter arrivée article as assez assis attention au aucun aujourd'hui aussi aussitôt autant
auteur autour autre avait avant avec avenir avoir bas bataille beau beaucoup besoin bien bientôt blanc bleu bois boire
bon bonheur bonjour bord bouche bout bras brûler bruit but c'est cacher cause ce cela celle celui certain cesse chacun
chaîne chaleur chambre champ chance changer chaque charge chaud chef chemin cher chercher cheveux chez chose ciel cinéma
clair classe cœur coin combien comme commencer comment compagnie comprendre compte conduire confiance connaissance
conseil content contraire contre corps côte côté coucher couleur coup cour courage courir cours court couvrir crainte
créer cri croire d'abord d'accord dame dans de debout début décider dedans dehors déjà demain demande dépôt depuis
dernier derrière des descendre désir dessus deux devant devenir devoir dieu différent difficile dire diriger distance
donc donner dont dos double doucement douleur doute droit du dur eau écouter écrire effet effort égal église élever elle
émotion empêcher emporter en encore enfant enfin ensemble ensuite entendre entier entre entrée envie erreur escalier
espace espèce espoir esprit essayer est et étage était état étendre éternel étoile étrange être étude eux événement
exemple expliquer expression face façon faible faim faire fait falloir famille fatigue faute femme fer fête feu feuille
figure fille fils fin fixe fleur fleuve foi fois fond force forêt forme fort fou foule frais franc frapper frère froid
front fruit fumée gagner garçon garder gauche général genre gens geste goût goutte grâce grand grandir grave gros groupe
guère guerre habitude haut herbe heure heureux hier histoire hiver homme honneur honte hôtel huit humain ici idée
ignorer il image imposer impression inconnu indiquer instant intérêt inutile jamais jambe jardin jaune je jeter jeu
jeune joie joli joue jour journal juge jusque juste l'air l'heure l'homme l'on la là laisser langue large larme le
lendemain lent lequel les lettre leur lever lèvre liberté libre lien lieu ligne lire lit livre loi loin long longtemps
lorsque lourd lui lumière lune ma machine main maintenant mais maison maître mal malade malgré manger manière manquer
marche marché mari marquer matin mauvais me médecin meilleur mélange même mémoire mer mère mériter mesure mettre midi
mieux milieu mille mince ministre minute mode moi moindre moins mois moitié moment mon monde monsieur montagne montrer
morceau mort mot mourir mouvement moyen mur musique mystère n'est nation nature naturel ne neige nez ni noir nom nombre
non nord notre nous nouveau nuage nuit objet œil œuvre offrir oiseau ombre on oncle or ordre oreille oser ou où oublier
ouest ouvrir page pain paix papier par paraître parce pareil parent parfois parler parmi parole partie partir pas passé
passion patron pauvre payer pays peine pendant pensée perdre père permettre personne perte petit peu peuple peur peut
pièce pied pierre place plaine plaisir plan plein pleurer pluie plus plusieurs plutôt poche poids point pointe police
porte poser possible poste pour pourquoi pourtant pousser pouvoir prendre prénom préparer près présence presque prêt
preuve prévoir prier printemps prison prix prochain produire profond projet promener propos propre pu public puis
puissance qu'elle qu'il quand quant quart quatre que quel quelque question qui quitter quoi raconter raison ramener
rapport rare recevoir reconnaître refuser regard remarquer rendre rentrer repas répondre repos reprendre reste retour
réussir rêve réveiller revenir révolution riche rien rire robe roche roi rond rose rouge rouler route rue s'il sa sable
sac saint saisir saison salle salut sang sans santé sauter sauver savoir science se sec second secret seigneur selon
semaine sembler sens sentiment serrer service ses seul si siège signe silence simple situation six société sœur soin
soir soldat soleil sombre somme son songe sorte sortir soudain souffrir souhaiter soulever source sourire sous souvenir
souvent suite suivant sujet supérieur sur sûr surprendre surtout ta table tant tante tard te tel tempête temps tendre
tenir terme terre tête théâtre tiens tirer toi toit tomber ton toucher toujours tour tourner tout train traîner trait
tranquille travail travers très triste trois tromper trop trou trouver tu tuer un une usage user va vague vaincre vaste
vendre venir vent vérité verre vers vert vêtement veut victime vie vieux vif village ville vin vingt violence visage
vite vivant vivre voici voie voilà voir voisin voiture voix vol volonté votre vouloir vous voyage vrai vraiment vue yeux
""".split()
